"""Lightning's Trainer without logger, checkpoints or progress bar, over a ToTensor DataLoader."""

from __future__ import annotations

import logging
import time
import warnings
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.contestant import Prepared, Work
from benchmarks.peers.net import chapter_net
from benchmarks.vision import images


class Module(lightning.LightningModule):
    """The chapter's net and its update rule."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.net, self.lr = chapter_net(work), work.lr
        self.loss = nn.CrossEntropyLoss()

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        x, y = batch
        loss: Tensor = self.loss(self.net(x), y)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.lr)


class Clock(lightning.Callback):
    """Seconds of the training epoch alone, without the Trainer's own set-up."""

    began = seconds = 0.0

    def on_train_epoch_start(self, *unused: Any) -> None:
        self.began = time.perf_counter()

    def on_train_epoch_end(self, *unused: Any) -> None:
        self.seconds = time.perf_counter() - self.began


def prepared(work: Work) -> Prepared:
    """One `fit` of one epoch at a time."""
    torch.set_num_threads(1)
    # It advises more workers and tells which accelerators it found, at every fit.
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    module, clock = Module(work), Clock()
    batches = DataLoader(images(work), batch_size=work.batch_size, shuffle=True)

    def epoch() -> float:
        trainer = lightning.Trainer(
            max_epochs=1,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[clock],
        )
        trainer.fit(module, batches)
        return clock.seconds

    return Prepared(epoch)
