namespace FindMe.Local;

/// <summary>The parsed command line.</summary>
/// <param name="Albums">Folders of photos; empty for the demo photos.</param>
/// <param name="DataPath">The data folder; null for <c>data</c> next to FindMe.sln.</param>
/// <param name="Port">The page's port, 0 to 65,535; 0 for any free one.</param>
/// <param name="Replicas">Compare processes, 1 to 16.</param>
/// <param name="DemoNetworks">Whether to run demo networks on this machine, and to search them.</param>
/// <param name="Build">Whether to build first.</param>
/// <param name="EndWithInput">Whether to stop when standard input is closed.</param>
internal sealed record LocalOptions(IReadOnlyList<string> Albums, string? DataPath, int Port, int Replicas, bool DemoNetworks, bool Build, bool EndWithInput);

/// <summary>FindMe cannot start; the message is one line that says what to do.</summary>
internal sealed class StartException(string message) : Exception(message);
