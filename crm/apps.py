from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Installation"

    def ready(self) -> None:
        from crm import checks  # noqa: F401 registers itself, which needs the settings
