upstream = ["load"]
product = None
components = None
# %%
data = upstream["load"]["data"]
features = product["features"]
