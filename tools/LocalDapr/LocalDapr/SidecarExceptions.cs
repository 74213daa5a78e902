namespace LocalDapr;

/// <summary>The data folder is in use, unwritable, full, damaged, from a newer version, or not a sidecar's.</summary>
/// <param name="message">The problem, the path and what to do.</param>
/// <param name="cause">The error of the operating system or SQLite, if any.</param>
public sealed class SidecarDataException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A port of the sidecar's API is in use or not allowed.</summary>
/// <param name="port">The port, 1 to 65535.</param>
/// <param name="appId">The app id whose sidecar needs the port.</param>
/// <param name="setting">The run file setting for this port: <c>daprHTTPPort</c> or <c>daprGRPCPort</c>.</param>
/// <param name="cause">The error of the operating system.</param>
public sealed class SidecarPortException(int port, string appId, string setting, Exception cause)
    : Exception($"Port {port} for the sidecar of {appId} is in use or not allowed: free it, or set another {setting}.", cause)
{
    /// <summary>The port, 1 to 65535.</summary>
    public int Port { get; } = port;
}

/// <summary>A resource, configuration or run file is invalid.</summary>
/// <param name="message">The problem and the file's path.</param>
/// <param name="cause">The YAML parser's error, if any.</param>
public sealed class SidecarConfigurationException(string message, Exception? cause = null) : Exception(message, cause);
