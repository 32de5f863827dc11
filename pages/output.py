"""From the last vector to the next word: logits, temperature, probabilities."""

import streamlit as st

from gptviz.numbers import significant
from gptviz.sampling import distribution, penalised
from gptviz.ui.chips import word
from gptviz.ui.page import Page, start
from gptviz.views.kit.examples import examples_of


def main(page: Page) -> None:
    page.lesson("see")
    page.examples(examples_of("temperature", page.model.name))
    answer = page.ask()
    page.view(answer)
    page.look_for(answer)
    with page.depth("open") as shown:
        if shown:
            page.lesson("open")
            page.lesson("tied" if page.model.tied else "untied")
            st.markdown(f"##### {page.t('open.code')}")
            page.quote(penalised, distribution)
    with page.depth("test") as shown:
        if shown:
            test(page, **answer.facts["test"])
    with page.depth("notes") as shown:
        if shown:
            page.lesson("notes")


def test(page: Page, first: str, second: str, ratio: float, root: float) -> None:
    """What becomes of a ratio of two probabilities at another temperature?"""
    page.lesson("test")
    values = {"ratio": significant(ratio, 3), "half": significant(ratio / 2, 3), "root": significant(root, 3)}
    labels = {option: page.t(f"test.{option}", **values) for option in ("same", "half", "root")}
    guess = page.radio("answer", page.t("test.question", first=word(first), second=word(second), **values), labels)
    if guess:
        st.markdown(page.t("test.right" if guess == "root" else "test.wrong", **values))
        st.caption(page.t("test.try_it"))


main(start("output"))
