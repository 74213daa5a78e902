using YamlDotNet.RepresentationModel;

namespace LocalDapr;

/// <summary>How a delivery that failed is tried again in memory, within one delivery of the broker.</summary>
/// <param name="Exponential">Waits grow by half each time from 0.5 s, up or down by half at random; else they are all alike.</param>
/// <param name="Wait">The constant wait. Default 5 seconds.</param>
/// <param name="MaxWait">The longest exponential wait. Default 60 seconds.</param>
/// <param name="MaxRetries">Retries after the first try; −1, the default, for no end.</param>
/// <param name="StatusCodes">App replies worth a retry, as ranges; empty for all that mean retry.</param>
internal sealed record RetryPolicy(
    bool Exponential, TimeSpan Wait, TimeSpan MaxWait, int MaxRetries, IReadOnlyList<(int First, int Last)> StatusCodes)
{
    // Origin: the defaults of Dapr's retry library.
    private static readonly TimeSpan FirstExponentialWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestExponentialTrying = TimeSpan.FromMinutes(15);
    private const double Growth = 1.5;
    private const double Randomness = 0.5;

    /// <summary>The wait before the next try, or null when there is none.</summary>
    /// <param name="retries">Retries already made.</param>
    /// <param name="elapsed">Since the first try.</param>
    /// <param name="status">The app's HTTP status; null when it did not answer in time.</param>
    public TimeSpan? NextWait(int retries, TimeSpan elapsed, int? status)
    {
        if ((MaxRetries >= 0 && retries >= MaxRetries) || (status is { } code && !Matches(code)))
        {
            return null;
        }

        if (!Exponential)
        {
            return Wait;
        }

        var wait = Math.Min(FirstExponentialWait.TotalMilliseconds * Math.Pow(Growth, Math.Min(retries, 64)), MaxWait.TotalMilliseconds);
        var spread = 1 + (((Random.Shared.NextDouble() * 2) - 1) * Randomness);
        var next = TimeSpan.FromMilliseconds(wait * spread);
        return elapsed + next > LongestExponentialTrying ? null : next;
    }

    public static RetryPolicy Read(YamlMappingNode policy, string path, string name)
    {
        var exponential = policy.Text("policy") switch
        {
            null or "constant" => false,
            "exponential" => true,
            var other => throw new SidecarConfigurationException($"{path}: retry {name} has policy '{other}': constant or exponential is known."),
        };
        return new RetryPolicy(
            exponential,
            Resiliency.Duration(policy.Text("duration"), TimeSpan.FromSeconds(5), path, name),
            Resiliency.Duration(policy.Text("maxInterval"), TimeSpan.FromSeconds(60), path, name),
            policy.Text("maxRetries") is not { } retries ? -1
                : int.TryParse(retries, out var number) ? number
                : throw new SidecarConfigurationException($"{path}: retry {name} has maxRetries '{retries}', which is no number."),
            [.. Ranges(policy.Mapping("matching").Text("httpStatusCodes") ?? "", path, name)]);
    }

    private static IEnumerable<(int First, int Last)> Ranges(string codes, string path, string name)
    {
        foreach (var range in codes.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-', 2, StringSplitOptions.TrimEntries);
            if (!int.TryParse(ends[0], out var first) || !int.TryParse(ends[^1], out var last))
            {
                throw new SidecarConfigurationException($"{path}: retry {name} has status codes '{codes}', not like 429,500-599.");
            }

            yield return (first, last);
        }
    }

    private bool Matches(int status) =>
        StatusCodes.Count == 0 || StatusCodes.Any(range => status >= range.First && status <= range.Last);
}

/// <summary>What applies to deliveries of one component to one app. Without a policy there is no retry and no timeout, as with Dapr.</summary>
/// <param name="Retry">Null for none.</param>
/// <param name="Timeout">Of one try; null for none.</param>
internal sealed record InboundPolicy(RetryPolicy? Retry, TimeSpan? Timeout)
{
    public static readonly InboundPolicy None = new(null, null);
}

/// <summary>One Resiliency document: its inbound policies by component. Outbound ones have nothing to do here, since the embedded broker and store do not fail for a while.</summary>
internal sealed record Resiliency(IReadOnlyDictionary<string, InboundPolicy> Inbound, IReadOnlyList<string> Scopes)
{
    public bool IsSeenBy(string appId) => Scopes.Count == 0 || Scopes.Contains(appId);

    public static Resiliency Read(YamlMappingNode document, string path)
    {
        var specification = document.Mapping("spec");
        var policies = specification.Mapping("policies");
        var retries = policies.Mapping("retries").Fields()
            .ToDictionary(retry => retry.Name, retry => RetryPolicy.Read(AsMapping(retry.Value, path, retry.Name), path, retry.Name));
        var timeouts = policies.Mapping("timeouts").Fields()
            .ToDictionary(timeout => timeout.Name, timeout => Duration((timeout.Value as YamlScalarNode)?.Value, TimeSpan.Zero, path, timeout.Name));
        var inbound = new Dictionary<string, InboundPolicy>(StringComparer.Ordinal);
        foreach (var (component, target) in specification.Mapping("targets").Mapping("components").Fields())
        {
            var rules = AsMapping(target, path, component).Mapping("inbound");
            inbound[component] = new InboundPolicy(
                rules.Text("retry") is { } retry ? Named(retries, retry, path) : null,
                rules.Text("timeout") is { } timeout ? Named(timeouts, timeout, path) : null);
        }

        return new Resiliency(inbound, [.. document.Texts("scopes")]);
    }

    public static TimeSpan Duration(string? text, TimeSpan otherwise, string path, string name) =>
        text is null ? otherwise
        : GoDuration.TryParse(text, out var duration) ? duration
        : throw new SidecarConfigurationException($"{path}: '{text}' of {name} is no duration like 300ms, 15s or 2m.");

    private static YamlMappingNode AsMapping(YamlNode node, string path, string name) =>
        node as YamlMappingNode ?? throw new SidecarConfigurationException($"{path}: {name} should be a mapping.");

    private static T Named<T>(Dictionary<string, T> policies, string name, string path) =>
        policies.TryGetValue(name, out var policy) ? policy : throw new SidecarConfigurationException($"{path}: policy {name} is used but not defined.");
}
