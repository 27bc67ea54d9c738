upstream = ["edges"]
product = None
trees = None
seed = None
# %%
edges = upstream["edges"]["features"]
model = product["model"]
