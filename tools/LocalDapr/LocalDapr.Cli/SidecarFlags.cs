using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace LocalDapr.Cli;

/// <summary>What both commands say of the sidecar.</summary>
/// <param name="DataPath">Null for a temporary folder.</param>
/// <param name="LogLevel">The least severe level that is printed.</param>
/// <param name="Broker">Rules of delivery.</param>
/// <param name="Version">Whose rules where versions differ, or null for that of the broker.</param>
/// <param name="Store">Rules of concurrency.</param>
internal sealed record SidecarSettings(string? DataPath, LogLevel LogLevel, BrokerProfile Broker, DaprVersion? Version, StoreProfile Store);

/// <summary>The flags of the sidecar itself, which daprd does not have.</summary>
internal sealed class SidecarFlags
{
    private static readonly Dictionary<string, BrokerProfile> Brokers = new()
    {
        ["servicebus"] = BrokerProfile.ServiceBus,
        ["redis-1.18"] = BrokerProfile.Redis118,
        ["redis-1.16"] = BrokerProfile.Redis116,
        ["rabbitmq"] = BrokerProfile.RabbitMq,
    };

    private static readonly Dictionary<string, DaprVersion> Versions = new() { ["1.16"] = DaprVersion.V116, ["1.18"] = DaprVersion.V118 };

    private static readonly Dictionary<string, StoreProfile> Stores = new()
    {
        ["sqlite"] = StoreProfile.Sqlite,
        ["redis"] = StoreProfile.Redis,
        ["postgresql"] = StoreProfile.PostgreSql,
    };

    private readonly Option<string> _logLevel = new("--log-level") { Description = "debug, info, warn, error or fatal.", DefaultValueFactory = _ => "info" };

    private readonly Option<DirectoryInfo?> _data = new("--data")
    {
        Description = "Where events and state are kept; one sidecar at a time. Default: a temporary folder, deleted at the end.",
    };

    private readonly Option<string> _broker = new("--broker")
    {
        Description = "Rules of delivery: servicebus, redis-1.18, redis-1.16 or rabbitmq.",
        DefaultValueFactory = _ => "servicebus",
    };

    private readonly Option<string?> _version = new("--dapr-version")
    {
        Description = "Whose rules to follow where versions of daprd differ: 1.16 or 1.18. Default: that of the broker, 1.18 for most.",
    };

    private readonly Option<string> _store = new("--store") { Description = "Rules of concurrency: sqlite, redis or postgresql.", DefaultValueFactory = _ => "sqlite" };

    /// <summary>Adds them to a command.</summary>
    public SidecarFlags(Command command)
    {
        _logLevel.AcceptOnlyFromAmong("debug", "info", "warn", "error", "fatal");
        _broker.AcceptOnlyFromAmong([.. Brokers.Keys]);
        _version.AcceptOnlyFromAmong([.. Versions.Keys]);
        _store.AcceptOnlyFromAmong([.. Stores.Keys]);
        command.Add(_logLevel);
        command.Add(_data);
        command.Add(_broker);
        command.Add(_version);
        command.Add(_store);
    }

    public SidecarSettings Read(ParseResult parsed) => new(
        parsed.GetValue(_data)?.FullName,
        LevelOf(parsed.GetValue(_logLevel)!),
        Brokers[parsed.GetValue(_broker)!],
        parsed.GetValue(_version) is { } version ? Versions[version] : null,
        Stores[parsed.GetValue(_store)!]);

    private static LogLevel LevelOf(string word) => word switch
    {
        "debug" => LogLevel.Debug,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "fatal" => LogLevel.Critical,
        _ => LogLevel.Information,
    };
}
