"""What a connector author imports; each idea is one module, so that importing one stays cheap."""

import sys
from typing import Any

# httpx loads its own command line with itself, and so click, rich and pygments: a fifth of what
# starting `townclerk connector try` costs. It knows how to do without where that is missing.
_modules: dict[str, Any] = sys.modules
_modules.setdefault("httpx._main", None)
