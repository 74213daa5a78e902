namespace LocalDapr;

/// <summary>The data folder cannot be used: written by a newer version, in use, unwritable, full or not a sidecar's.</summary>
/// <param name="message">What is wrong, with the path, and what to do.</param>
/// <param name="cause">What the operating system or SQLite said, if anything.</param>
public sealed class SidecarDataException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A port of the sidecar's API cannot be listened on.</summary>
/// <param name="port">The port, 1 to 65535.</param>
/// <param name="appId">The app id whose API it was to serve.</param>
/// <param name="setting">The setting of a run file that names it: <c>daprHTTPPort</c> or <c>daprGRPCPort</c>.</param>
/// <param name="cause">What the operating system said.</param>
public sealed class SidecarPortException(int port, string appId, string setting, Exception cause)
    : Exception($"Port {port}, where the sidecar of {appId} should listen, is in use or not allowed: stop what uses it, or give another {setting}.", cause)
{
    /// <summary>The port that could not be had, 1 to 65535.</summary>
    public int Port { get; } = port;
}

/// <summary>A YAML file of components, resiliency, subscriptions or apps cannot be understood.</summary>
/// <param name="message">What is wrong, with the file's path.</param>
/// <param name="cause">What the YAML reader said, if it was not YAML.</param>
public sealed class SidecarConfigurationException(string message, Exception? cause = null) : Exception(message, cause);
