# The one name that gptviz uses: to read the whole library takes a type checker half a minute.
from typing import Any

AutoTokenizer: Any
