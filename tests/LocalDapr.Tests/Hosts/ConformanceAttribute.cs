using Xunit.v3;

namespace LocalDapr.Tests;

/// <summary>A rule of Dapr's HTTP contract, and where daprd's source has it (dapr/dapr v1.18.3, components-contrib v1.18.4). The rule is the test's name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ConformanceAttribute(string id, string source) : Attribute, ITraitAttribute
{
    public const string Trait = "conformance";

    public string Id { get; } = id;

    public string Source { get; } = source;

    /// <summary>The broker or store whose rule it is, where they differ.</summary>
    public string Profile { get; init; } = "";

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new(Trait, Id)];
}
