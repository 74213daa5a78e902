namespace FindMe.Local;

/// <summary>What the command line says.</summary>
/// <param name="Albums">Folders of photos; none: the demo photos.</param>
/// <param name="DataPath">Where everything is kept; null: <c>data</c> beside FindMe.sln.</param>
/// <param name="Port">The page's port, 0 to 65,535; 0: any that is free.</param>
/// <param name="Replicas">Compare processes, 1 to 16.</param>
/// <param name="DemoNetworks">Whether to imitate the networks on this machine, and to search those.</param>
/// <param name="Build">Whether to build first.</param>
/// <param name="EndWithInput">Whether to end when standard input is closed.</param>
internal sealed record LocalOptions(IReadOnlyList<string> Albums, string? DataPath, int Port, int Replicas, bool DemoNetworks, bool Build, bool EndWithInput);

/// <summary>FindMe cannot be started; the message is one line that says what to do.</summary>
internal sealed class StartException(string message) : Exception(message);
