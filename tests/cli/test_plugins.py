from command_line import xrayscan


def test_plugins_are_listed_with_what_they_register():
    result = xrayscan("plugins")
    assert result.exit_code == 0
    assert "cnn" in result.stdout
