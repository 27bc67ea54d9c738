from nbsnake.project import Project as Project
from nbsnake.project import Status as Status
from nbsnake.project import load_project as load_project

__version__: str
