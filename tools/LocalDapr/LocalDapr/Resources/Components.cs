using YamlDotNet.RepresentationModel;

namespace LocalDapr;

/// <summary>A pub/sub or state component as its YAML declares it. Whatever broker or store it names, the embedded one serves it.</summary>
/// <param name="Name">The name in URLs.</param>
/// <param name="Type"><c>pubsub.*</c> or <c>state.*</c>.</param>
/// <param name="Version">Usually v1.</param>
/// <param name="Metadata">Its settings; names without regard to case. A value kept in a secret store is left out: nothing here needs it.</param>
/// <param name="Scopes">App ids that see it; empty for all.</param>
internal sealed record Component(
    string Name, string Type, string Version, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<string> Scopes)
{
    // components-contrib common/component/redis/redis.go; its metadata.yaml has the two defaults the wrong way round.
    internal static readonly TimeSpan DefaultProcessingTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DefaultRedeliverInterval = TimeSpan.FromSeconds(15);

    public bool IsPubSub => Type.StartsWith("pubsub.", StringComparison.Ordinal);

    public bool IsState => Type.StartsWith("state.", StringComparison.Ordinal);

    /// <summary>What the metadata endpoint says that it can do.</summary>
    public IReadOnlyList<string> Capabilities => IsState ? ["ETAG", "TRANSACTIONAL", "TTL"] : ["BULK_PUBLISH"];

    public bool IsSeenBy(string appId) => Scopes.Count == 0 || Scopes.Contains(appId);

    // The name of the same setting with Service Bus, RabbitMQ and Redis.
    private static readonly string[] ConcurrencySettings = ["maxConcurrentHandlers", "maxActiveMessages", "prefetchCount", "concurrency"];

    /// <summary>Events handled at a time by one replica: <c>concurrency</c> of Redis, or what other brokers call it. Default 10, as with Redis.</summary>
    public int Concurrency => ConcurrencySettings.Select(setting => Number(setting, 0)).FirstOrDefault(number => number > 0, 10);

    /// <summary>How long an event may stay unacknowledged before it is handed out again: <c>processingTimeout</c> (60 s), up to the next look every <c>redeliverInterval</c> (15 s). Null when either is 0: for ever.</summary>
    public TimeSpan? ClaimTime
    {
        get
        {
            // A duration is ignored by every released component (components-contrib #4600): only a number of milliseconds counts.
            var interval = uint.TryParse(Metadata.GetValueOrDefault("redeliverInterval"), out var milliseconds) ? TimeSpan.FromMilliseconds(milliseconds) : DefaultRedeliverInterval;
            var idle = Time("processingTimeout", DefaultProcessingTimeout);
            return idle == TimeSpan.Zero || interval == TimeSpan.Zero ? null : interval * Math.Ceiling(idle / interval);
        }
    }

    /// <summary>The key under which an app's state is stored: <c>keyPrefix</c> appid (default), name, namespace, none, or any other text.</summary>
    public string PrefixOf(string appId) => Metadata.GetValueOrDefault("keyPrefix", "appid") switch
    {
        "none" => "",
        "name" => Name + "||",
        "appid" or "namespace" or "" => appId + "||",
        var text => text + "||",
    };

    /// <summary>Whether an app may publish to a topic.</summary>
    public bool AllowsPublish(string appId, string topic) => Allows(appId, topic, "publishingScopes");

    /// <summary>Whether an app may subscribe to a topic.</summary>
    public bool AllowsSubscribe(string appId, string topic) => Allows(appId, topic, "subscriptionScopes");

    public static Component Read(YamlMappingNode document, string path)
    {
        var name = document.Mapping("metadata").Text("name")
            ?? throw new SidecarConfigurationException($"{path}: a Component has no metadata.name.");
        var specification = document.Mapping("spec");
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var setting in specification.Items("metadata").OfType<YamlMappingNode>())
        {
            if (setting.Text("name") is { } key && setting.Text("value") is { } value)
            {
                settings[key] = value;
            }
        }

        return new Component(
            name,
            specification.Text("type") ?? throw new SidecarConfigurationException($"{path}: component {name} has no spec.type."),
            specification.Text("version") ?? "v1",
            settings,
            [.. document.Texts("scopes")]);
    }

    private bool Allows(string appId, string topic, string scopesSetting)
    {
        var allowed = Topics("allowedTopics");
        if (allowed.Length > 0 && !allowed.Contains(topic))
        {
            return false;
        }

        var scoped = ScopedTopics(appId, scopesSetting);
        var isProtected = Topics("protectedTopics").Contains(topic);
        return scoped is null ? !isProtected : scoped.Contains(topic);
    }

    private string[] Topics(string setting) =>
        Metadata.GetValueOrDefault(setting, "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    // "app1=t1,t2;app2=": an app that is not named is not restricted, one with an empty list may use no topic.
    private string[]? ScopedTopics(string appId, string setting)
    {
        foreach (var entry in Metadata.GetValueOrDefault(setting, "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts[0] == appId)
            {
                return parts.Length == 2 ? parts[1].Split(',', StringSplitOptions.TrimEntries) : [];
            }
        }

        return null;
    }

    /// <summary>A setting as a duration; a bare number is milliseconds.</summary>
    public TimeSpan Time(string setting, TimeSpan otherwise) => !Metadata.TryGetValue(setting, out var text) || text.Length == 0 ? otherwise
        : uint.TryParse(text, out var milliseconds) ? TimeSpan.FromMilliseconds(milliseconds)
        : GoDuration.TryParse(text, out var duration) ? duration
        : throw new SidecarConfigurationException($"Component {Name}: {setting} '{text}' is no duration like 60s, nor a number of milliseconds.");

    public int Number(string setting, int otherwise) =>
        Metadata.TryGetValue(setting, out var text) && int.TryParse(text, out var number) ? number : otherwise;
}
