"""From settings to a network: reading them, building modules, predicting shapes and costs, finding fixes."""
