"""Markup: HTML and SVG as text, for pages and notebooks. Whatever comes from data is escaped; nothing needs a script or a network."""

from elman.markup.charts import Line as Line
from elman.markup.charts import bar_chart as bar_chart
from elman.markup.charts import line_chart as line_chart
from elman.markup.charts import scatter_chart as scatter_chart
from elman.markup.element import Markup as Markup
from elman.markup.element import element as element
from elman.markup.element import join as join
from elman.markup.heat import confusion as confusion
from elman.markup.heat import heat_map as heat_map
from elman.markup.heat import heat_text as heat_text
from elman.markup.style import STYLE as STYLE
from elman.markup.style import fragment as fragment
from elman.markup.table import facts as facts
from elman.markup.table import shown as shown
from elman.markup.table import table as table
