upstream = ["pixels"]
product = None
c = None
gamma = None
# %%
pixels = upstream["pixels"]["features"]
model = product["model"]
