"""Networks from the tensors of a file: names, types and shapes are compared before any memory is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from elman.errors import ModelFileError
from elman.io.model_file import check_state
from elman.network.assembly import SequenceModel, assemble, float32_on
from elman.network.ensemble import Ensemble
from elman.network.planning.plan import Plan

_CALLS = 200
"""Calls of torch in building a network, at most, for each tensor of it."""
_CALLS_BESIDE = 5_000
"""The same, whatever the number of tensors."""
_FIRST_WEIGHTS = {Tensor.uniform_, Tensor.normal_, nn.init.uniform_, nn.init.normal_, nn.init.kaiming_uniform_}


def restore(plan: Plan, tensors: dict[str, Tensor]) -> SequenceModel | Ensemble:
    """Build the network of a plan with the weights of a file.

    Parameters
    ----------
    plan : Plan
        From the file, trusted in nothing.
    tensors : dict of Tensor
        Weights of the file by name.

    Returns
    -------
    SequenceModel or Ensemble
        In evaluation mode, float32, on the CPU. Weights that are not those of the plan raise ModelFileError.
    """
    calls = _CALLS * len(tensors) + _CALLS_BESIDE
    with float32_on("meta"), _NoFirstWeights(calls):
        one = assemble(plan).state_dict()
    many = {f"members.{i}.{name}": weight for i in range(plan.members) for name, weight in one.items()}
    check_state(tensors, many if plan.members > 1 else one)
    with float32_on("cpu"), _NoFirstWeights(calls):
        members = [assemble(plan) for _ in range(plan.members)]
        model = Ensemble(plan, members) if plan.members > 1 else members[0]
    model.load_state_dict(tensors)
    return model.eval()


class _NoFirstWeights(TorchFunctionMode):
    """Draw no first weights, and refuse a plan that needs more than so many calls of torch: far more layers than a file has tensors."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        self.calls -= 1
        if self.calls < 0:
            raise ModelFileError("its plan has far more layers or members than the file has tensors. The file is damaged or forged.")
        kwargs = kwargs or {}
        if func in _FIRST_WEIGHTS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
