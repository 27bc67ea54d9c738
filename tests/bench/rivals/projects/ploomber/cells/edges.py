upstream = ["load"]
product = None
bins = None
# %%
data = upstream["load"]["data"]
features = product["features"]
