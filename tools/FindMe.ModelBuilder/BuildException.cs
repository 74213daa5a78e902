namespace FindMe.ModelBuilder;

/// <summary>A model cannot be built; the message names the file and says what to do.</summary>
internal sealed class BuildException(string message) : Exception(message);
