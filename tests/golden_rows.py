"""Which models the golden tests put through every pipeline; used by test_golden.py and test_export_models.py.

All published networks of the onnx package and one export of each of these networks, of both exporters, go through
everything. The other exports spell the same networks differently: what that can change shows in a few pipelines.
"""

from __future__ import annotations

from models import catalog

THOROUGH = (
    "mlp-small-torchscript14",
    "resnet-small-torchscript14",
    "mobilenet-small-dynamo",
    "bert-small-torchscript14",
    "vit-small-dynamo",
    "gpt-small-torchscript14",
    *catalog.LIGHT_SMALL,
)
OTHERS = tuple(name for name in catalog.SMALL if name not in THOROUGH)
