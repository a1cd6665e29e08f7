"""The other engines, each with the options that make it fastest at one call at a time in f32.

Only here are their packages imported. Each function is an `Engine.prepare` of mlc.tools.engines.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mlc.errors import CompileError
from mlc.tools.engines import Ready, Setup, Subject


def onnxruntime_session(subject: Subject, setup: Setup) -> Ready:
    """ONNX Runtime on its CPU provider, all graph optimizations on unless the setup is plain."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_DISABLE_ALL if setup.is_plain else level.ORT_ENABLE_ALL
    options.log_severity_level = 3
    if setup.threads is not None:
        options.intra_op_num_threads = setup.threads
    options.inter_op_num_threads = 1
    try:
        session = ort.InferenceSession(str(subject.path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class of their own
        raise CompileError(f"ONNX Runtime refuses the model: {error}", where=str(subject.path)) from error
    names = [i.name for i in session.get_inputs()]
    level_text = "optimizations off" if setup.is_plain else "all optimizations"
    return Ready(
        lambda arrays: list(session.run(None, dict(zip(names, arrays, strict=True)))),
        f"CPU provider, {level_text}, sequential, intra-op threads {setup.threads or 'default'}",
    )


def openvino_model(subject: Subject, setup: Setup) -> Ready:
    """OpenVINO on the CPU, held to f32, one stream for the lowest latency; inputs and outputs are shared."""
    import openvino

    config: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    if setup.threads is not None:
        config["INFERENCE_NUM_THREADS"] = setup.threads
    try:
        compiled = openvino.Core().compile_model(str(subject.path), "CPU", config)
    except RuntimeError as error:
        raise CompileError(f"OpenVINO refuses the model: {error}", where=str(subject.path)) from error
    request = compiled.create_infer_request()

    def run(arrays: Sequence[Any]) -> list[Any]:
        found = request.infer(dict(enumerate(arrays)), share_inputs=True, share_outputs=True)
        return list(found.values())

    return Ready(run, ", ".join(f"{name}={value}" for name, value in config.items()))


def torch_eager(subject: Subject, setup: Setup) -> Ready:
    """PyTorch's eager execution under inference_mode."""
    import torch

    module = _torch_module(subject, setup)

    def run(arrays: Sequence[Any]) -> list[Any]:
        with torch.inference_mode():
            return _numpy(module(*map(torch.from_numpy, arrays)))

    return Ready(run, f"inference_mode, threads {torch.get_num_threads()}")


def torch_inductor(subject: Subject, setup: Setup) -> Ready:
    """torch.compile with TorchInductor, weights frozen and kernels tuned; compiled here, on the subject's example."""
    if setup.threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(setup.threads)  # what the generated code asks OpenMP for
    import torch
    import torch._inductor.config as config

    module = _torch_module(subject, setup)
    config.freezing = True
    compiled: Any = torch.compile(module, mode="max-autotune")

    def run(arrays: Sequence[Any]) -> list[Any]:
        with torch.no_grad():  # freezing refuses inference_mode
            return _numpy(compiled(*map(torch.from_numpy, arrays)))

    run(subject.example)
    return Ready(run, f"freezing, max-autotune, no_grad, threads {torch.get_num_threads()}")


def _torch_module(subject: Subject, setup: Setup) -> Any:
    """The module that the subject's factory returns, in eval mode."""
    import torch

    from mlc.frontend.torch_models import factory_result

    if setup.threads is not None:
        torch.set_num_threads(setup.threads)
    return factory_result(subject.torch_model or str(subject.path))[0].eval()


def _numpy(outputs: Any) -> list[Any]:
    return [y.numpy() for y in (outputs if isinstance(outputs, tuple | list) else (outputs,))]
