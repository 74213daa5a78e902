using YamlDotNet.RepresentationModel;

namespace LocalDapr;

/// <summary>How a failed delivery is retried in memory, within one delivery of the broker.</summary>
/// <param name="Exponential">Whether the delay starts at 0.5 s and grows by a factor of 1.5, with ±50% jitter; otherwise it is constant.</param>
/// <param name="Delay">The constant delay. Default 5 s.</param>
/// <param name="MaxDelay">The longest exponential delay. Default 60 s.</param>
/// <param name="MaxRetries">Retries after the first attempt; −1, the default, for no limit.</param>
/// <param name="StatusCodes">Ranges of HTTP status codes to retry; empty for all failures.</param>
internal sealed record RetryPolicy(
    bool Exponential, TimeSpan Delay, TimeSpan MaxDelay, int MaxRetries, IReadOnlyList<(int First, int Last)> StatusCodes)
{
    // Origin: the defaults of Dapr's retry library.
    private static readonly TimeSpan FirstExponentialDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxExponentialTime = TimeSpan.FromMinutes(15);
    private const double Growth = 1.5;
    private const double Randomness = 0.5;

    /// <summary>Returns the delay before the next retry; null when the delivery must not be retried.</summary>
    /// <param name="retries">Retries so far.</param>
    /// <param name="elapsed">Time since the first attempt.</param>
    /// <param name="status">The app's HTTP status; null after a timeout.</param>
    public TimeSpan? NextDelay(int retries, TimeSpan elapsed, int? status)
    {
        if ((MaxRetries >= 0 && retries >= MaxRetries) || (status is { } code && !Matches(code)))
        {
            return null;
        }

        if (!Exponential)
        {
            return Delay;
        }

        var delay = Math.Min(FirstExponentialDelay.TotalMilliseconds * Math.Pow(Growth, Math.Min(retries, 64)), MaxDelay.TotalMilliseconds);
        var jitter = 1 + (((Random.Shared.NextDouble() * 2) - 1) * Randomness);
        var next = TimeSpan.FromMilliseconds(delay * jitter);
        return elapsed + next > MaxExponentialTime ? null : next;
    }

    public static RetryPolicy Read(YamlMappingNode policy, string path, string name)
    {
        var exponential = policy.Text("policy") switch
        {
            null or "constant" => false,
            "exponential" => true,
            var other => throw new SidecarConfigurationException($"{path}: retry {name} has policy '{other}': give constant or exponential."),
        };
        return new RetryPolicy(
            exponential,
            Resiliency.Duration(policy.Text("duration"), TimeSpan.FromSeconds(5), path, name),
            Resiliency.Duration(policy.Text("maxInterval"), TimeSpan.FromSeconds(60), path, name),
            policy.Text("maxRetries") is not { } retries ? -1
                : int.TryParse(retries, out var number) ? number
                : throw new SidecarConfigurationException($"{path}: retry {name} has maxRetries '{retries}', which is not a number."),
            [.. Ranges(policy.Mapping("matching").Text("httpStatusCodes") ?? "", path, name)]);
    }

    private static IEnumerable<(int First, int Last)> Ranges(string codes, string path, string name)
    {
        foreach (var range in codes.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-', 2, StringSplitOptions.TrimEntries);
            if (!int.TryParse(ends[0], out var first) || !int.TryParse(ends[^1], out var last))
            {
                throw new SidecarConfigurationException($"{path}: retry {name} has invalid status codes '{codes}': give codes and ranges such as 429,500-599.");
            }

            yield return (first, last);
        }
    }

    private bool Matches(int status) =>
        StatusCodes.Count == 0 || StatusCodes.Any(range => status >= range.First && status <= range.Last);
}

/// <summary>The policy for deliveries of one component to one app. As in Dapr, the default is no retry and no timeout.</summary>
/// <param name="Retry">The retry policy; null for no retry.</param>
/// <param name="Timeout">The timeout of one attempt; null for none.</param>
internal sealed record InboundPolicy(RetryPolicy? Retry, TimeSpan? Timeout)
{
    public static readonly InboundPolicy None = new(null, null);
}

/// <summary>The inbound policies of a Resiliency document, by component. Outbound policies are ignored, since the embedded broker and store have no transient failures.</summary>
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
        : throw new SidecarConfigurationException($"{path}: '{text}' of {name} is not a duration: give one such as 300ms, 15s or 2m.");

    private static YamlMappingNode AsMapping(YamlNode node, string path, string name) =>
        node as YamlMappingNode ?? throw new SidecarConfigurationException($"{path}: {name} must be a mapping.");

    private static T Named<T>(Dictionary<string, T> policies, string name, string path) =>
        policies.TryGetValue(name, out var policy) ? policy : throw new SidecarConfigurationException($"{path}: policy {name} is used but not defined.");
}
