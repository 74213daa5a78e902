using LocalDapr;
using YamlDotNet.RepresentationModel;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>What dapr.yaml, components/ and infra/ say of the apps, their topics and the numbers of a delivery.</summary>
internal sealed class WiringFiles
{
    /// <summary>Every file that takes part, below the checkout.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        "azure.yaml", "dapr.yaml",
        .. Below("components", "*.yaml"), .. Below("infra", "*.bicep"), "infra/wiring.yaml",
    ];

    private readonly string _root;

    private WiringFiles(string root)
    {
        _root = root;
        Run = RunFile.Load(Path.Combine(root, "dapr.yaml"));
        RunYaml = Yaml("dapr.yaml");
        Redis = Components("components");
        RabbitMq = Components("components/rabbitmq-postgresql");
        Azure = Yaml("infra/wiring.yaml");
        Services = Yaml("azure.yaml");
        Bicep = Paths.Where(path => path.EndsWith(".bicep", StringComparison.Ordinal)).ToDictionary(path => path, path => File.ReadAllText(Path.Combine(root, path)));
    }

    public RunFile Run { get; }

    /// <summary>dapr.yaml, for what <see cref="Run"/> passes over.</summary>
    public YamlNode RunYaml { get; }

    /// <summary>components/.</summary>
    public ComponentFiles Redis { get; }

    /// <summary>components/rabbitmq-postgresql/.</summary>
    public ComponentFiles RabbitMq { get; }

    /// <summary>infra/wiring.yaml.</summary>
    public YamlNode Azure { get; }

    /// <summary>azure.yaml.</summary>
    public YamlNode Services { get; }

    /// <summary>The text of each Bicep file, by its path.</summary>
    public IReadOnlyDictionary<string, string> Bicep { get; }

    public static WiringFiles Load(string root) => new(root);

    /// <summary>The value at a path of names, as text; empty where there is none.</summary>
    public static string Text(YamlNode node, params string[] names)
    {
        foreach (var name in names)
        {
            if (node is not YamlMappingNode mapping || !mapping.Children.TryGetValue(new YamlScalarNode(name), out var child))
            {
                return "";
            }

            node = child;
        }

        return node is YamlScalarNode { Value: { } value } ? value : "";
    }

    /// <summary>The list at a name; empty where there is none.</summary>
    public static IReadOnlyList<YamlNode> Items(YamlNode node, string name) =>
        node is YamlMappingNode mapping && mapping.Children.TryGetValue(new YamlScalarNode(name), out var child) && child is YamlSequenceNode items
            ? [.. items.Children]
            : [];

    /// <summary>A component's metadata entry; empty where there is none.</summary>
    public static string Metadata(YamlNode component, string name) => Items(((YamlMappingNode)component).Children[new YamlScalarNode("spec")], "metadata")
        .Where(entry => Text(entry, "name") == name)
        .Select(entry => Text(entry, "value"))
        .FirstOrDefault("");

    private static IEnumerable<string> Below(string folder, string pattern) => Directory
        .GetFiles(Path.Combine(Checkouts.Root, folder), pattern, SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Checkouts.Root, path).Replace(Path.DirectorySeparatorChar, '/'))
        .Order(StringComparer.Ordinal);

    private ComponentFiles Components(string folder) =>
        new(folder, Yaml($"{folder}/pubsub.yaml"), Yaml($"{folder}/statestore.yaml"), Yaml($"{folder}/resiliency.yaml"));

    private YamlNode Yaml(string path)
    {
        using var reader = new StreamReader(Path.Combine(_root, path));
        var stream = new YamlStream();
        stream.Load(reader);
        return stream.Documents[0].RootNode;
    }
}

/// <summary>The files of one folder of components.</summary>
internal sealed record ComponentFiles(string Folder, YamlNode PubSub, YamlNode StateStore, YamlNode Resiliency);
