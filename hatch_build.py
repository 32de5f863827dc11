"""Build the wheel with the app inside the package, where gptviz/paths.py looks for it.

A hook, because an editable install must not copy these: it uses them where they are."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

APP = ("app.py", "pages", "assets", ".streamlit/config.toml")


class AppInPackage(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        if version == "standard":
            build_data["force_include"].update({path: f"gptviz/_app/{path}" for path in APP})
