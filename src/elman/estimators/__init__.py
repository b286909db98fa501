"""The three estimators: Model maps, LanguageModel continues symbols, Forecaster continues numbers."""

from elman.estimators._files import load as load
from elman.estimators._panel import read_panel as read_panel
from elman.estimators.forecast import Forecast as Forecast
from elman.estimators.forecaster import Forecaster as Forecaster
from elman.estimators.language_model import LanguageModel as LanguageModel
from elman.estimators.model import Model as Model
