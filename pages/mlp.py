"""mlp"""

from gptviz.ui.page import start

page = start("mlp")
page.lesson("see")
page.chips()
for name in ("open", "test", "notes"):
    with page.depth(name) as shown:
        if shown:
            page.lesson(name)
