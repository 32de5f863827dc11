"""What surrounds every page: navigation, sidebar, the way on, and the order in which a run happens."""

from __future__ import annotations

import functools

import streamlit as st
from streamlit.components import v2
from streamlit.components.v2.types import ComponentRenderer
from streamlit.delta_generator import DeltaGenerator

from gptviz import __version__, memory
from gptviz.checkpoints import catalogue
from gptviz.engine import Question, engine
from gptviz.engine.basics import SIZES
from gptviz.numbers import count
from gptviz.paths import PACKAGE, app_file, asset
from gptviz.text import LANGUAGES, say
from gptviz.ui import generation, readers, state, theme
from gptviz.ui.page import guarded, language, putting_off

# Icons belong to the links: as a page's own icon Streamlit would fetch it from another host.
PAGES = {
    "overview": ":material/route:",
    "tokens": ":material/content_cut:",
    "embeddings": ":material/scatter_plot:",
    "geometry": ":material/near_me:",
    "attention": ":material/visibility:",
    "context": ":material/compare_arrows:",
    "mlp": ":material/neurology:",
    "output": ":material/bar_chart:",
    "generate": ":material/account_tree:",
}
_LANGUAGE_NAMES = {"en": "English", "zh": "中文"}


memory.set_up_allocator()


def run() -> None:
    """One run of the app."""
    pages, here = navigation()
    name = next(name for name, page in pages.items() if page == here)
    state.begin(name)
    if name != "generate":
        generation.hold()
    lang = language()
    st.set_page_config(
        page_title=f"{_title(name, lang)} · gptviz",
        page_icon=str(asset("style", "icon.svg")),
        layout="wide",
        # With something of its own in it, Streamlit's menu appears, and with it the choice of light or dark.
        menu_items={"About": f"**gptviz {__version__}** · {say(lang, 'ui.tagline')}"},
    )
    st.logo(str(asset("style", "logo.svg")), size="large", icon_image=str(asset("style", "icon.svg")))
    with st.sidebar:
        _links(pages, lang)
        facts = _choices(lang)
    with putting_off() as work, guarded():
        here.run()
    with facts:
        _facts(lang)
    _way_on(pages, name, lang)
    theme.watch()
    _navigation_script()(key="navigation-script", data={"page": name})
    state.finish()
    with guarded():
        for put_off in work:
            put_off()
    readers.seen()
    _freeze(engine().loads)


@functools.cache
def _freeze(loads: int) -> None:
    """Once a model has come or gone, and the app has run with it."""
    if loads:
        memory.freeze()


@functools.cache
def _navigation_script() -> ComponentRenderer:
    return v2.component("gptviz_navigation", js=(PACKAGE / "ui" / "navigation.js").read_text(encoding="utf-8"))


def navigation() -> tuple[dict[str, st.Page], st.Page]:
    """The pages by name, and the one to show."""
    folder = app_file().parent / "pages"
    pages = {
        name: st.Page(folder / f"{name}.py", title=name, url_path=name, default=name == "overview") for name in PAGES
    }
    # Streamlit's own menu would drop the query from the address: the sidebar's links carry it.
    return pages, st.navigation(list(pages.values()), position="hidden")


def _title(name: str, lang: str) -> str:
    return say(lang, f"ui.pages.{name}.title")


def _links(pages: dict[str, st.Page], lang: str) -> None:
    query = state.to_query(state.current())
    with st.container(gap="xsmall", key="navigation"):
        for name, page in pages.items():
            st.page_link(page, label=_title(name, lang), icon=PAGES[name], query_params=query)


def _choices(lang: str) -> DeltaGenerator:
    """Language and model; returns where the model's facts go, known once it is loaded."""
    st.segmented_control(
        say(lang, "ui.sidebar.language"),
        LANGUAGES,
        format_func=_LANGUAGE_NAMES.__getitem__,
        required=True,
        **state.bind("language", lang),
    )
    local = state.folders_allowed()
    model = state.model()
    st.selectbox(
        say(lang, "ui.sidebar.model"),
        [*catalogue(), *([] if model in catalogue() else [model])],
        format_func=_model_title,
        accept_new_options=True,
        help=say(lang, "ui.sidebar.model_help_local" if local else "ui.sidebar.model_help"),
        **state.bind("model", model, read=state.read_model),
    )
    return st.container()


def _model_title(name: str) -> str:
    return catalogue()[name].title if name in catalogue() else name


def _facts(lang: str) -> None:
    """What the model is, under its name."""
    name = state.model()
    entry = catalogue().get(name)
    st.caption(entry.about[lang] if entry else say(lang, "ui.sidebar.about_other"))
    if entry and not entry.tested:
        st.caption(say(lang, "ui.sidebar.untested"))
    if engine().ready(name):
        config = engine().ask(Question("model", name)).facts["config"]
        sizes = {key: count(config[key]) for key in SIZES}
        st.caption(f"**{say(lang, 'ui.sidebar.facts', **sizes)}**  \n{say(lang, 'ui.sidebar.facts_more', **sizes)}")


def _way_on(pages: dict[str, st.Page], here: str, lang: str) -> None:
    """The stops before and after this one."""
    names, query = list(pages), state.to_query(state.current())
    at = names.index(here)
    st.space("medium")
    with st.container(horizontal=True, horizontal_alignment="distribute", key="way-on"):
        for name in names[max(at - 1, 0) : at]:
            label = say(lang, "ui.previous", title=_title(name, lang))
            st.page_link(pages[name], label=label, icon=":material/arrow_back:", query_params=query)
        for name in names[at + 1 : at + 2]:
            label, icon = say(lang, "ui.next", title=_title(name, lang)), ":material/arrow_forward:"
            st.page_link(pages[name], label=label, icon=icon, icon_position="right", query_params=query)
