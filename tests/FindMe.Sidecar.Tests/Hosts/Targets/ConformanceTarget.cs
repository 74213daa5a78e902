namespace FindMe.Sidecar.Tests;

/// <summary>Which sidecar the conformance cases of this run meet; all other tests meet the local one.</summary>
internal static class ConformanceTarget
{
    /// <summary><c>FINDME_DAPRD</c>: a daprd that is started for each app of each case.</summary>
    public static string? Daprd { get; } = Setting("FINDME_DAPRD");

    /// <summary><c>DAPR_HTTP_ENDPOINT</c>: a sidecar that runs already, whose app's port is <c>APP_PORT</c>.</summary>
    public static string? Endpoint { get; } = Daprd is null ? Setting("DAPR_HTTP_ENDPOINT") : null;

    /// <summary><c>FINDME_REDIS</c>: the Redis of <see cref="Daprd"/>, host and port.</summary>
    public static string Redis { get; } = Setting("FINDME_REDIS") ?? "localhost:6379";

    public static bool IsReal => IsCase && (Daprd ?? Endpoint) is not null;

    /// <summary>Whether the test that runs is a conformance case.</summary>
    private static bool IsCase => TestContext.Current.TestMethod?.Traits.ContainsKey(ConformanceAttribute.Trait) is true;

    public static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
