using System.Text.RegularExpressions;

namespace LocalDapr.Tests;

/// <summary>The sidecar under test in the conformance cases. All other tests use the local one.</summary>
internal static partial class ConformanceTarget
{
    /// <summary><c>FINDME_DAPRD</c>: a daprd program to start for each app of each case.</summary>
    public static string? Daprd { get; } = Setting("FINDME_DAPRD");

    /// <summary><c>DAPR_HTTP_ENDPOINT</c>: a running sidecar, whose app's port is <c>APP_PORT</c>.</summary>
    public static string? Endpoint { get; } = Daprd is null ? Setting("DAPR_HTTP_ENDPOINT") : null;

    /// <summary><c>DAPR_GRPC_ENDPOINT</c>: the gRPC endpoint of the running sidecar.</summary>
    public static string? GrpcEndpoint { get; } = Setting("DAPR_GRPC_ENDPOINT");

    /// <summary><c>FINDME_REDIS</c>: the Redis of <see cref="Daprd"/>, host and port.</summary>
    public static string Redis { get; } = Setting("FINDME_REDIS") ?? "localhost:6379";

    /// <summary><c>FINDME_RABBITMQ</c>: the RabbitMQ of <see cref="Daprd"/>, its broker instead of Redis.</summary>
    public static string RabbitMq { get; } = Setting("FINDME_RABBITMQ") ?? "amqp://localhost:5672";

    /// <summary><c>FINDME_POSTGRESQL</c>: the PostgreSQL of <see cref="Daprd"/>, its store instead of Redis. The password comes from <c>PGPASSWORD</c>.</summary>
    public static string PostgreSql { get; } = Setting("FINDME_POSTGRESQL") ?? "host=localhost user=postgres database=postgres";

    /// <summary>The broker of <see cref="Daprd"/>, regardless of the version.</summary>
    public static bool HasRabbitMq { get; } = Setting("FINDME_RABBITMQ") is not null;

    /// <summary>The store of <see cref="Daprd"/>.</summary>
    public static StoreProfile Store { get; } = Setting("FINDME_POSTGRESQL") is null ? StoreProfile.Redis : StoreProfile.PostgreSql;

    /// <summary>The default rules of the local sidecar in the running test.</summary>
    public static (BrokerProfile Broker, StoreProfile Store, DaprVersion Version, bool IsDefault) Profile => UnderAttribute.OfThisTest is { } under
        ? (under.Broker, under.Store, under.Version, false)
        : (BrokerProfile.Local, StoreProfile.Sqlite, DaprVersion.V118, true);

    public static bool IsReal => IsCase && UnderAttribute.OfThisTest is null && (Daprd ?? Endpoint) is not null;

    /// <summary>Whether the running test is a conformance case.</summary>
    private static bool IsCase => TestContext.Current.TestMethod?.Traits.ContainsKey(ConformanceAttribute.Trait) is true;

    /// <summary>Reads the <c>runtimeVersion</c> of the metadata endpoint; an unparsable version counts as new.</summary>
    public static DaprVersion VersionOf(string runtime) =>
        Minor().Match(runtime) is { Success: true } found && int.Parse(found.Groups[1].Value) < 17 ? DaprVersion.V116 : DaprVersion.V118;

    public static string? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    [GeneratedRegex(@"^v?1\.(\d+)\.")]
    private static partial Regex Minor();
}
