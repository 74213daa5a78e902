using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Rate limits per person and per address. Section <c>RequestRates</c> of the configuration; checked at start.</summary>
/// <remarks>
/// Requests over a limit get 429 and <c>Retry-After</c>. Each replica counts on its own, so N replicas admit N times as many requests.
/// Daily allowances are counted in the state store instead: see <see cref="RequestLimits"/>.
/// </remarks>
public sealed class RequestRateOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "RequestRates";

    /// <summary>Sustained requests per second of one person, 1 to 100,000. Default 50; a page that polls makes about 4.</summary>
    [Range(1, 100_000)]
    public int PerPerson { get; set; } = 50;

    /// <summary>Burst of requests of one person, 1 to 1,000,000. Default 500: a page with 400 found photos requests them all at once.</summary>
    [Range(1, 1_000_000)]
    public int PersonBurst { get; set; } = 500;

    /// <summary>Sustained requests per second from one address (IPv6: one /64), 1 to 1,000,000. Default 500, for an office behind one address.</summary>
    [Range(1, 1_000_000)]
    public int PerAddress { get; set; } = 500;

    /// <summary>Burst of requests from one address, 1 to 1,000,000. Default 5,000, the bursts of ten people.</summary>
    [Range(1, 1_000_000)]
    public int AddressBurst { get; set; } = 5_000;

    /// <summary>Write requests per minute of one person, 1 to 1,000,000. Default 60: adding a selfie or starting a search takes a second or more of processor time.</summary>
    [Range(1, 1_000_000)]
    public int ChangesPerPerson { get; set; } = 60;

    /// <summary>Write requests per minute from one address, 1 to 1,000,000. Default 600. Also limits how many new people an address can create.</summary>
    [Range(1, 1_000_000)]
    public int ChangesPerAddress { get; set; } = 600;

    /// <summary>Concurrent event streams of one person, 1 to 10,000. Default 20: three browsers with six connections each.</summary>
    [Range(1, 10_000)]
    public int StreamsPerPerson { get; set; } = 20;

    /// <summary>
    /// Requests for shared photos from one address at once, 1 to 100,000. Default 600, a page of 500 photos; a second, a twentieth of it: a picture that
    /// nobody has opened before costs a tenth of a second of processor time.
    /// </summary>
    [Range(1, 100_000)]
    public int SharesPerAddress { get; set; } = 600;

    /// <summary>
    /// Concurrent uploads (selfies and ZIP files), 1 to 1,000. Default 8: a picture uses up to 40 MiB of memory during its upload. The same number
    /// waits in a queue; further ones get 503 and <c>Retry-After</c>.
    /// </summary>
    [Range(1, 1_000)]
    public int Files { get; set; } = 8;

    /// <summary>Concurrent uploads from one address, 1 to 1,000. Default 4, half of <see cref="Files"/>, so that one address cannot occupy all slots.</summary>
    [Range(1, 1_000)]
    public int FilesPerAddress { get; set; } = 4;

    /// <summary>Concurrent uploads of one person, 1 to 1,000. Default 3, one fewer than <see cref="FilesPerAddress"/>, so that others at the same address can upload too.</summary>
    [Range(1, 1_000)]
    public int FilesPerPerson { get; set; } = 3;
}

[OptionsValidator]
internal sealed partial class RequestRateOptionsValidator : IValidateOptions<RequestRateOptions>;

/// <summary>Limits the rate of requests by person and by address, before anything is read for them.</summary>
/// <remarks>
/// The address is the connection's, which cannot be forged. Behind a proxy with <c>ASPNETCORE_FORWARDEDHEADERS_ENABLED=true</c>, as on Azure
/// Container Apps, it is the last entry of <c>X-Forwarded-For</c>, which the ingress itself adds; entries that a client wrote precede it and are
/// ignored. Without that setting the header is ignored.
/// </remarks>
internal static class RequestRates
{
    /// <summary>The policy of streaming endpoints.</summary>
    public const string Streams = "streams";

    /// <summary>The policy of endpoints that accept a password or a code, against guessing here or, through FindMe, at Bluesky's servers.</summary>
    public const string SignIns = "sign-ins";

    private static readonly TimeSpan SignInWindow = TimeSpan.FromMinutes(5);

    /// <summary>The policy of links to shared photos: they are opened by people whom FindMe does not know.</summary>
    public const string Shares = "shares";

    // A slot is free when one of the person's streams ends, which cannot be predicted.
    private static readonly TimeSpan StreamWait = TimeSpan.FromSeconds(10);

    // A slot is free when an upload is complete, which takes seconds.
    private static readonly TimeSpan FileWait = TimeSpan.FromSeconds(5);

    /// <summary>Marks an endpoint as an upload. Disables Kestrel's size limit, because the endpoint enforces its own; limits concurrent uploads and their duration.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="timeout">The timeout of the whole body.</param>
    public static RouteHandlerBuilder TakesFile(this RouteHandlerBuilder endpoint, Func<ServerLimitOptions, TimeSpan> timeout) =>
        endpoint.WithMetadata(new DisableRequestSizeLimitAttribute(), new UploadMetadata(timeout));

    public static void AddRequestRates(this IServiceCollection services)
    {
        services.AddOptions<RequestRateOptions>().BindConfiguration(RequestRateOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RequestRateOptions>, RequestRateOptionsValidator>();
        services.AddSingleton<FileLimits>();
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>()
            .Configure<IOptions<RequestRateOptions>, IOptions<SafeguardOptions>, FileLimits>((limiter, rates, safeguards, files) => Limit(limiter, rates.Value, safeguards.Value, files));
    }

    private static void Limit(RateLimiterOptions limiter, RequestRateOptions rates, SafeguardOptions safeguards, FileLimits files)
    {
        // By person first: requests rejected there do not use up the limit of others at the same address.
        limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
            Each(LimitKey.OfPerson, _ => true, () => PerSecond(rates.PerPerson, rates.PersonBurst)),
            Each(LimitKey.OfPerson, ChangesSomething, () => PerMinute(rates.ChangesPerPerson)),
            Each(LimitKey.OfAddress, _ => true, () => PerSecond(rates.PerAddress, rates.AddressBurst)),
            Each(LimitKey.OfAddress, ChangesSomething, () => PerMinute(rates.ChangesPerAddress)),
            files.PerPerson,
            files.PerAddress,
            files.Together);
        limiter.AddPolicy(Streams, context => RateLimitPartition.GetConcurrencyLimiter(
            LimitKey.OfPerson(context) is { IsCounted: true } person ? person : LimitKey.OfAddress(context),
            _ => new ConcurrencyLimiterOptions { PermitLimit = rates.StreamsPerPerson }));
        limiter.AddPolicy(SignIns, context => RateLimitPartition.GetFixedWindowLimiter(
            LimitKey.OfAddress(context),
            _ => new FixedWindowRateLimiterOptions { PermitLimit = safeguards.SignInsPerAddress, Window = SignInWindow }));
        limiter.AddPolicy(Shares, context => RateLimitPartition.GetTokenBucketLimiter(
            LimitKey.OfAddress(context), _ => PerSecond(Math.Max(1, rates.SharesPerAddress / 20), rates.SharesPerAddress)));
        limiter.OnRejected = (rejected, _) =>
        {
            var isRate = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var wait);
            var isFile = !isRate && UploadMetadata.Of(rejected.HttpContext) is not null;
            var seconds = Math.Max(1, Math.Ceiling((isRate ? wait : isFile ? FileWait : StreamWait).TotalSeconds));
            rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            var problem = isFile ? Problems.Busy(seconds)
                : rejected.HttpContext.GetEndpoint()?.Metadata.GetMetadata<EnableRateLimitingAttribute>() is { PolicyName: SignIns } ? Problems.TooManySignIns(seconds)
                : Problems.TooManyRequests(seconds);
            return new ValueTask(problem.ExecuteAsync(rejected.HttpContext));
        };
    }

    private static PartitionedRateLimiter<HttpContext> Each(
        Func<HttpContext, LimitKey> whose, Func<HttpContext, bool> counts, Func<TokenBucketRateLimiterOptions> bucket) =>
        PartitionedRateLimiter.Create<HttpContext, LimitKey>(context => counts(context) && whose(context) is { IsCounted: true } key
            ? RateLimitPartition.GetTokenBucketLimiter(key, _ => bucket())
            : RateLimitPartition.GetNoLimiter(default(LimitKey)));

    private static TokenBucketRateLimiterOptions PerSecond(int rate, int burst) =>
        new() { TokenLimit = Math.Max(rate, burst), TokensPerPeriod = rate, ReplenishmentPeriod = TimeSpan.FromSeconds(1) };

    // Allows a burst of a whole minute's requests, then refills continuously: a person over the limit waits seconds, not the rest of the minute.
    private static TokenBucketRateLimiterOptions PerMinute(int rate) =>
        new() { TokenLimit = rate, TokensPerPeriod = Math.Max(1, rate / 60), ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60 / rate)) };

    // The callback of a sign-in is a GET, but it decrypts and sets cookies.
    private static bool ChangesSomething(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/sign-in")
        || (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) && !HttpMethods.IsOptions(context.Request.Method));
}

/// <summary>Metadata of an endpoint that accepts an upload.</summary>
/// <param name="Timeout">The timeout of the whole body.</param>
internal sealed record UploadMetadata(Func<ServerLimitOptions, TimeSpan> Timeout)
{
    /// <summary>The metadata of the request's endpoint; null if it accepts no upload.</summary>
    public static UploadMetadata? Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<UploadMetadata>();
}

/// <summary>What a limit counts by.</summary>
internal enum LimitKind
{
    /// <summary>The request is not limited.</summary>
    Unlimited,

    /// <summary>The person.</summary>
    Person,

    /// <summary>The address.</summary>
    Address,

    /// <summary>All requests together.</summary>
    Together,
}

/// <summary>The partition key of a limit. Unlimited requests have a kind of their own, so that they share a key with no person or address.</summary>
/// <param name="Kind">What the limit counts by.</param>
/// <param name="Id">The person or address; null for the other kinds.</param>
internal readonly record struct LimitKey(LimitKind Kind, string? Id = null)
{
    /// <summary>Whether the request is limited.</summary>
    public bool IsCounted => Kind != LimitKind.Unlimited;

    /// <summary>The key of the person in the request's cookie; unlimited without a cookie.</summary>
    public static LimitKey OfPerson(HttpContext context) =>
        context.User.FindFirstValue(CurrentUsers.Claim) is { } person ? new(LimitKind.Person, person) : default;

    /// <summary>The key of the request's address. Requests without an address share one key.</summary>
    public static LimitKey OfAddress(HttpContext context) => new(LimitKind.Address, ClientAddress.Of(context));
}

/// <summary>Limits concurrent uploads: per person, per address, and in total.</summary>
internal sealed class FileLimits(IOptions<RequestRateOptions> rates)
{
    /// <summary>The upload slots of each person.</summary>
    public PartitionedRateLimiter<HttpContext> PerPerson { get; } = Concurrent(LimitKey.OfPerson, rates.Value.FilesPerPerson);

    /// <summary>The upload slots of each address.</summary>
    public PartitionedRateLimiter<HttpContext> PerAddress { get; } = Concurrent(LimitKey.OfAddress, rates.Value.FilesPerAddress);

    /// <summary>All upload slots.</summary>
    public PartitionedRateLimiter<HttpContext> Together { get; } = Concurrent(_ => new LimitKey(LimitKind.Together), rates.Value.Files);

    /// <summary>Whether another request waits for a slot that this request occupies.</summary>
    public bool HasWaiting(HttpContext context) =>
        PerAddress.GetStatistics(context) is { CurrentQueuedCount: > 0 } || Together.GetStatistics(context) is { CurrentQueuedCount: > 0 };

    private static PartitionedRateLimiter<HttpContext> Concurrent(Func<HttpContext, LimitKey> whose, int most) =>
        PartitionedRateLimiter.Create<HttpContext, LimitKey>(context => UploadMetadata.Of(context) is not null && whose(context) is { IsCounted: true } key
            ? RateLimitPartition.GetConcurrencyLimiter(key, _ => new ConcurrencyLimiterOptions { PermitLimit = most, QueueLimit = most })
            : RateLimitPartition.GetNoLimiter(default(LimitKey)));
}
