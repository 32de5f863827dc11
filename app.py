"""The app: `streamlit run app.py`, or `gptviz run`."""

from gptviz.ui.shell import run

run()
