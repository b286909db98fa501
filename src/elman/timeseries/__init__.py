"""Series with timestamps: reading, frequency, seasonality, reports."""
