using YamlDotNet.RepresentationModel;

namespace LocalDapr;

/// <summary>A component declared in YAML. The embedded broker and store serve all pub/sub and state components, whatever their type.</summary>
/// <param name="Name">The component's name in URLs.</param>
/// <param name="Type"><c>pubsub.*</c> or <c>state.*</c>.</param>
/// <param name="Version">Usually v1.</param>
/// <param name="Metadata">Its settings, with case-insensitive names. Values from a secret store are omitted: the sidecar does not need them.</param>
/// <param name="Scopes">The app ids that can use it; empty for all.</param>
internal sealed record Component(
    string Name, string Type, string Version, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<string> Scopes)
{
    // Origin: components-contrib common/component/redis/redis.go. Its metadata.yaml swaps the two defaults by mistake.
    internal static readonly TimeSpan DefaultProcessingTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DefaultRedeliverInterval = TimeSpan.FromSeconds(15);

    public bool IsPubSub => Type.StartsWith("pubsub.", StringComparison.Ordinal);

    public bool IsState => Type.StartsWith("state.", StringComparison.Ordinal);

    /// <summary>The capabilities reported by the metadata endpoint.</summary>
    public IReadOnlyList<string> Capabilities => IsState ? ["ETAG", "TRANSACTIONAL", "TTL"] : ["BULK_PUBLISH"];

    public bool IsSeenBy(string appId) => Scopes.Count == 0 || Scopes.Contains(appId);

    // Names of this setting in Service Bus, RabbitMQ and Redis components.
    private static readonly string[] ConcurrencySettings = ["maxConcurrentHandlers", "maxActiveMessages", "prefetchCount", "concurrency"];

    /// <summary>Maximum concurrent events per replica: <c>concurrency</c> of Redis, or its equivalent for other brokers. Default 10, as with Redis.</summary>
    public int Concurrency => ConcurrencySettings.Select(setting => Number(setting, 0)).FirstOrDefault(number => number > 0, 10);

    /// <summary>Time after which an unacknowledged event is redelivered: <c>processingTimeout</c> (default 60 s), rounded up to a multiple of <c>redeliverInterval</c> (default 15 s). Null (never) when either is 0.</summary>
    public TimeSpan? ClaimTime
    {
        get
        {
            // Released components accept only milliseconds here and ignore a duration (components-contrib #4600).
            var interval = uint.TryParse(Metadata.GetValueOrDefault("redeliverInterval"), out var milliseconds) ? TimeSpan.FromMilliseconds(milliseconds) : DefaultRedeliverInterval;
            var idle = Time("processingTimeout", DefaultProcessingTimeout);
            return idle == TimeSpan.Zero || interval == TimeSpan.Zero ? null : interval * Math.Ceiling(idle / interval);
        }
    }

    /// <summary>Returns the prefix of an app's keys, from <c>keyPrefix</c>: appid (default), name, namespace, none, or any other text.</summary>
    public string PrefixOf(string appId) => Metadata.GetValueOrDefault("keyPrefix", "appid") switch
    {
        "none" => "",
        "name" => Name + "||",
        "appid" or "namespace" or "" => appId + "||",
        var text => text + "||",
    };

    /// <summary>Whether the component's scopes allow an app to publish to a topic.</summary>
    public bool AllowsPublish(string appId, string topic) => Allows(appId, topic, "publishingScopes");

    /// <summary>Whether the component's scopes allow an app to subscribe to a topic.</summary>
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

    // "app1=t1,t2;app2=": apps not in the list are unrestricted; an app with an empty list cannot use any topic.
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

    /// <summary>Reads a setting as a duration; a number without a unit is in milliseconds.</summary>
    public TimeSpan Time(string setting, TimeSpan otherwise) => !Metadata.TryGetValue(setting, out var text) || text.Length == 0 ? otherwise
        : uint.TryParse(text, out var milliseconds) ? TimeSpan.FromMilliseconds(milliseconds)
        : GoDuration.TryParse(text, out var duration) ? duration
        : throw new SidecarConfigurationException($"Component {Name}: {setting} '{text}' is not a duration: give one such as 60s, or milliseconds.");

    public int Number(string setting, int otherwise) =>
        Metadata.TryGetValue(setting, out var text) && int.TryParse(text, out var number) ? number : otherwise;
}
