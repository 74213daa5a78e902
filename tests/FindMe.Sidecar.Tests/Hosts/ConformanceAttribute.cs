using Xunit.v3;

namespace FindMe.Sidecar.Tests;

/// <summary>A rule of Dapr's HTTP contract, and where daprd's source has it (dapr/dapr v1.18.3, components-contrib v1.18.4).</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ConformanceAttribute(string id, string source) : Attribute, ITraitAttribute
{
    public string Id { get; } = id;

    public string Source { get; } = source;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("conformance", Id)];
}
