"""Every hostile text in every construct that pages put text into, as they do; for the test in a browser."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard.charts.chart import Chart
from dashboard.charts.template import new_figure, set_axis, worded_name
from dashboard.components.figure import render_figure
from dashboard.components.table import render_frame, render_small_table
from dashboard.words import labels
from tests.hostile.texts import marked

SHORT = [each for each in marked() if len(each.text) < 200]
SHOWN = [labels.plain(each.text) for each in SHORT]

for text in SHOWN:
    st.markdown(
        f"{text}\n\n**{text}**  \n:small[:gray[{text}]]\n\nBefore {text}: after\n- **{text}** x: {text}\n- {text}"
    )
render_small_table(["a", SHOWN[0]], [[f"**{text}**", text] for text in SHOWN], name="Hostile")
st.multiselect(SHOWN[0], SHORT, SHORT, key="chosen", format_func=lambda each: labels.literal(each.text))
for text in SHOWN[::4]:
    st.button(text, key=text)
for text in SHOWN[::8]:
    st.info(text, icon=":material/info:")
    st.metric(text, "1", delta_description=text)
    st.subheader(text, anchor=False)
names = [worded_name(each.text, 200) for each in SHORT]
places = list(range(len(names)))
figure = new_figure("", dark=False)
figure.add_trace(go.Bar(x=[1] * len(names), y=places, orientation="h", name=names[0], showlegend=True))
set_axis(figure, "y", title=names[1], tickmode="array", tickvals=places, ticktext=names)
figure.layout.height = 20 * len(names)
render_figure(Chart("figure", "Segments", figure, SHORT[0].text, {}))
render_frame({SHORT[0].text: [each.text for each in SHORT]}, alt="cells")
st.markdown("All is there.")
