namespace FindMe.ModelBuilder;

/// <summary>Building a model failed. The message names the file and says what to do.</summary>
internal sealed class BuildException(string message) : Exception(message);
