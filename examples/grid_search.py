"""scikit-learn's tools work on elman's estimators: here a grid over the cell and the size of the network.

Run: python examples/grid_search.py
"""

import os

import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score

from elman import Category, Model, Series, Training

quick = bool(os.environ.get("ELMAN_QUICK"))

# Waves of random length; is the second half faster than the first?
random = np.random.default_rng(0)
waves, labels = [], []
for _ in range(60 if quick else 300):
    steps, faster = random.integers(20, 40), bool(random.integers(2))
    speed = np.where(np.arange(steps) < steps / 2, 0.5, 0.9 if faster else 0.3)
    waves.append(np.sin(np.cumsum(speed) + random.uniform(0, 6)) + random.normal(0, 0.1, steps))
    labels.append("faster" if faster else "slower")

model = Model(Series(), Category(), training=Training(max_epochs=1 if quick else 8, verbose=0))

# Settings are reached by scikit-learn's double underscore, also where they were left at their defaults.
grid = {"network__cell": ["gru"] if quick else ["gru", "lstm"], "network__hidden_size": [8, 16] if quick else [16, 32]}
search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(waves, labels)
for params, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
    print(f"{score:.3f}  {params}")
print("best:", search.best_params_)
print("three folds of it:", cross_val_score(search.best_estimator_, waves, labels, cv=2 if quick else 3).round(3))
