upstream = ["pixels", "edges", "svm", "forest"]
product = None
# %%
pixels = upstream["pixels"]["features"]
edges = upstream["edges"]["features"]
svm = upstream["svm"]["model"]
forest = upstream["forest"]["model"]
metrics = product["metrics"]
confusion = product["confusion"]
