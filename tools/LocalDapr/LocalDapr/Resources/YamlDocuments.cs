using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace LocalDapr;

/// <summary>Reads YAML files, and finds values in their nodes. Missing values are null.</summary>
internal static class YamlDocuments
{
    // Deeper than any Dapr resource. Nodes are read recursively, and a stack overflow would crash the process.
    private const int MaxDepth = 100;

    /// <summary>Returns the top-level mapping of each document in a file, without empty documents.</summary>
    /// <exception cref="SidecarConfigurationException">The file cannot be read, is not YAML, or a document is not a mapping.</exception>
    public static IReadOnlyList<YamlMappingNode> Load(string path)
    {
        try
        {
            using var text = File.OpenText(path);
            var stream = new YamlStream();
            stream.Load(new BoundedParser(new Parser(text)));
            return [.. stream.Documents
                .Select(document => document.RootNode)
                .Where(root => root is not YamlScalarNode { Value: null or "" })
                .Select(root => root as YamlMappingNode ?? throw new SidecarConfigurationException($"{path} is not a YAML mapping."))];
        }
        // YamlDotNet's scanner also throws InvalidOperationException for some invalid YAML, and ArgumentException for invalid escapes.
        catch (Exception failure) when (failure is YamlException or InvalidOperationException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new SidecarConfigurationException($"{path} cannot be read: {failure.Message}", failure);
        }
    }

    public static YamlMappingNode? Mapping(this YamlMappingNode? node, string name) => Child(node, name) as YamlMappingNode;

    public static IEnumerable<YamlNode> Items(this YamlMappingNode? node, string name) =>
        Child(node, name) is YamlSequenceNode items ? items.Children : [];

    public static IEnumerable<string> Texts(this YamlMappingNode? node, string name) =>
        node.Items(name).OfType<YamlScalarNode>().Select(item => item.Value ?? "");

    /// <summary>Returns a scalar's text; null when it is absent or an unquoted null.</summary>
    public static string? Text(this YamlMappingNode? node, string name) =>
        Child(node, name) is YamlScalarNode { Value: { } text } scalar
        && !(scalar.Style == ScalarStyle.Plain && text is "" or "~" or "null") ? text : null;

    public static IEnumerable<(string Name, YamlNode Value)> Fields(this YamlMappingNode? node) =>
        node is null ? [] : node.Children.Select(child => ((child.Key as YamlScalarNode)?.Value ?? child.Key.ToString(), child.Value));

    private static YamlNode? Child(YamlMappingNode? node, string name) =>
        node is not null && node.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    /// <summary>Rejects deep nesting before nodes are created.</summary>
    private sealed class BoundedParser(IParser parser) : IParser
    {
        private int _depth;

        public ParsingEvent? Current => parser.Current;

        public bool MoveNext()
        {
            if (!parser.MoveNext())
            {
                return false;
            }

            _depth += parser.Current!.NestingIncrease;
            return _depth <= MaxDepth ? true : throw new YamlException($"The YAML is nested deeper than {MaxDepth} levels.");
        }
    }
}
