"""What the pages share in Streamlit. How to write a page: see `gptviz/ui/page.py`."""
