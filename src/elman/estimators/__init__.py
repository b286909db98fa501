"""The three estimators: Model maps, LanguageModel continues symbols, Forecaster continues numbers."""

from elman.estimators.forecaster import Forecaster as Forecaster
from elman.estimators.language_model import LanguageModel as LanguageModel
from elman.estimators.loading import load as load
from elman.estimators.model import Model as Model
from elman.forecasting.forecast import Forecast as Forecast
from elman.timeseries.read import read_panel as read_panel
