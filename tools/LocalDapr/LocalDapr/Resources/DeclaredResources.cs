using Microsoft.Extensions.Logging;
using YamlDotNet.RepresentationModel;

namespace LocalDapr;

/// <summary>A subscription declared in YAML rather than by the app.</summary>
internal sealed record DeclaredSubscription(Route Route, IReadOnlyList<string> Scopes)
{
    public bool IsSeenBy(string appId) => Scopes.Count == 0 || Scopes.Contains(appId);
}

/// <summary>The components, policies and subscriptions declared in resource folders.</summary>
internal sealed partial class DeclaredResources(
    IReadOnlyList<Component> components, IReadOnlyList<Resiliency> resiliencies, IReadOnlyList<DeclaredSubscription> subscriptions)
{
    public IReadOnlyList<Component> Components { get; } = components;

    public IReadOnlyList<DeclaredSubscription> Subscriptions { get; } = subscriptions;

    /// <summary>Reads the YAML files of folders, ordered by name.</summary>
    /// <exception cref="SidecarConfigurationException">A folder does not exist, or a file is invalid.</exception>
    public static DeclaredResources Load(IReadOnlyList<string> folders, ILogger logger)
    {
        if (folders.FirstOrDefault(folder => !Directory.Exists(folder)) is { } missing)
        {
            throw new SidecarConfigurationException($"The resources folder {Path.GetFullPath(missing)} does not exist.");
        }

        var components = new List<Component>();
        var resiliencies = new List<Resiliency>();
        var subscriptions = new List<DeclaredSubscription>();
        var files = folders.SelectMany(folder =>
            Directory.EnumerateFiles(folder).Where(file => Path.GetExtension(file) is ".yaml" or ".yml").Order(StringComparer.Ordinal));
        foreach (var (file, document) in files.SelectMany(file => YamlDocuments.Load(file).Select(document => (file, document))))
        {
            switch (document.Text("kind"))
            {
                case "Component":
                    components.Add(Component.Read(document, file));
                    break;
                case "Resiliency":
                    resiliencies.Add(Resiliency.Read(document, file));
                    break;
                case "Subscription":
                    subscriptions.Add(ReadSubscription(document, file));
                    break;
                case var other:
                    LogIgnored(logger, file, other ?? "(none)");
                    break;
            }
        }

        foreach (var component in components.Where(component => !component.IsPubSub && !component.IsState))
        {
            LogNotServed(logger, component.Name, component.Type);
        }

        return new DeclaredResources(components, resiliencies, subscriptions);
    }

    public InboundPolicy InboundOf(string appId, string component) => resiliencies
        .Where(resiliency => resiliency.IsSeenBy(appId))
        .Select(resiliency => resiliency.Inbound.GetValueOrDefault(component))
        .FirstOrDefault(policy => policy is not null) ?? InboundPolicy.None;

    private static DeclaredSubscription ReadSubscription(YamlMappingNode document, string path)
    {
        var specification = document.Mapping("spec");
        var rules = specification.Mapping("routes").Items("rules").OfType<YamlMappingNode>().Any();
        var route = new Route(
            specification.Text("pubsubname") ?? throw new SidecarConfigurationException($"{path}: a Subscription has no spec.pubsubname."),
            specification.Text("topic") ?? throw new SidecarConfigurationException($"{path}: a Subscription has no spec.topic."),
            specification.Mapping("routes").Text("default") ?? specification.Text("route") ?? "",
            specification.Text("deadLetterTopic"),
            specification.Mapping("metadata").Text("rawPayload") is "true",
            IsDeclared: true);
        return route.Path.Length == 0
            ? throw new SidecarConfigurationException(rules
                ? $"{path}: routes.rules are not supported: give the Subscription of {route.Topic} a routes.default."
                : $"{path}: the Subscription of {route.Topic} has no route.")
            : new DeclaredSubscription(route, [.. document.Texts("scopes")]);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File}: ignoring unsupported kind {Kind}")]
    private static partial void LogIgnored(ILogger logger, string file, string kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ignoring component {Name} of type {Type}: only pubsub.* and state.* are supported")]
    private static partial void LogNotServed(ILogger logger, string name, string type);
}
