"""Every pixel to its nearest colour that can be bought, and the colour science for it."""
