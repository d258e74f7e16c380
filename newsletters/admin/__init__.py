from newsletters.admin.campaigns import CampaignAdmin

__all__ = ["CampaignAdmin"]
