namespace FindMe.Local;

/// <summary>What the command line says.</summary>
internal sealed record LocalOptions
{
    /// <summary>Folders of photos; none: the demo photos.</summary>
    public required IReadOnlyList<string> Albums { get; init; }

    /// <summary>Where everything is kept; null: <c>data</c> beside FindMe.sln.</summary>
    public required string? DataPath { get; init; }

    /// <summary>The page's port, 0 to 65,535; 0: any that is free.</summary>
    public required int Port { get; init; }

    /// <summary>Compare processes, 1 to 16.</summary>
    public required int Replicas { get; init; }

    /// <summary>Whether to imitate the networks on this machine, and to search those.</summary>
    public required bool DemoNetworks { get; init; }

    /// <summary>Whether to build first.</summary>
    public required bool Build { get; init; }

    /// <summary>Whether to end when standard input is closed.</summary>
    public required bool EndWithInput { get; init; }
}

/// <summary>FindMe cannot be started; the message is one line that says what to do.</summary>
internal sealed class StartException(string message) : Exception(message);
