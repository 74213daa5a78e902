using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How fast one person and one address may ask. Section <c>RequestRates</c> of the configuration; checked at start.</summary>
/// <remarks>
/// What is asked faster is answered with 429 and <c>Retry-After</c>. Each replica counts for itself, so that N replicas let N times as
/// much through. Allowances per day are counted elsewhere, in the state store.
/// </remarks>
public sealed class RequestRateOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "RequestRates";

    /// <summary>Requests a second of one person over a longer time, 1 to 100,000. Default 50; a page that polls makes about 4.</summary>
    [Range(1, 100_000)]
    public int PerPerson { get; set; } = 50;

    /// <summary>Requests of one person at once, 1 to 1,000,000. Default 500: a page of 400 found photos asks for them all.</summary>
    [Range(1, 1_000_000)]
    public int PersonBurst { get; set; } = 500;

    /// <summary>Requests a second from one address (IPv6: one /64) over a longer time, 1 to 1,000,000. Default 500, for an office behind one address.</summary>
    [Range(1, 1_000_000)]
    public int PerAddress { get; set; } = 500;

    /// <summary>Requests from one address at once, 1 to 1,000,000. Default 5,000: ten such persons.</summary>
    [Range(1, 1_000_000)]
    public int AddressBurst { get; set; } = 5_000;

    /// <summary>Requests a minute by which one person changes something, 1 to 1,000,000. Default 60: showing a face or searching costs a second of processor time and more.</summary>
    [Range(1, 1_000_000)]
    public int ChangesPerPerson { get; set; } = 60;

    /// <summary>The same from one address, 1 to 1,000,000. Default 600: it also bounds how many new persons an address makes.</summary>
    [Range(1, 1_000_000)]
    public int ChangesPerAddress { get; set; } = 600;

    /// <summary>Streams of events that one person may have open, 1 to 10,000. Default 20: three browsers of six connections each.</summary>
    [Range(1, 10_000)]
    public int StreamsPerPerson { get; set; } = 20;

    /// <summary>
    /// Requests for shared photos from one address at once, 1 to 100,000. Default 600, a page of 500 photos; a second, a twentieth of it: a picture that
    /// nobody has opened before costs a tenth of a second of processor time.
    /// </summary>
    [Range(1, 100_000)]
    public int SharesPerAddress { get; set; } = 600;

    /// <summary>
    /// Files (pictures of faces, ZIP files) that come in at once, 1 to 1,000. Default 8: a picture takes up to 40 MiB of memory meanwhile. As
    /// many wait; further ones are answered with 503 and <c>Retry-After</c>.
    /// </summary>
    [Range(1, 1_000)]
    public int Files { get; set; } = 8;

    /// <summary>The same from one address, 1 to 1,000. Default 4, half of <see cref="Files"/>, so that one address cannot take all places.</summary>
    [Range(1, 1_000)]
    public int FilesPerAddress { get; set; } = 4;

    /// <summary>The same of one person, 1 to 1,000. Default 3, one fewer than <see cref="FilesPerAddress"/>, so that others at the same address can send theirs.</summary>
    [Range(1, 1_000)]
    public int FilesPerPerson { get; set; } = 3;
}

[OptionsValidator]
internal sealed partial class RequestRateOptionsValidator : IValidateOptions<RequestRateOptions>;

/// <summary>Slows down who asks too fast, by person and by address, before anything is read for them.</summary>
/// <remarks>
/// The address is that of the connection, which nobody can write. Behind a proxy it is what the proxy says: with
/// <c>ASPNETCORE_FORWARDEDHEADERS_ENABLED=true</c>, as on Azure Container Apps, the last entry of <c>X-Forwarded-For</c>, which the ingress
/// itself adds; entries that a user wrote stand before it and are not looked at. Without that setting the header is ignored.
/// </remarks>
internal static class RequestRates
{
    /// <summary>The policy of endpoints that stream.</summary>
    public const string Streams = "streams";

    /// <summary>The policy of endpoints that take a password or a code: nobody may guess one here, nor at Bluesky's servers through FindMe.</summary>
    public const string SignIns = "sign-ins";

    private static readonly TimeSpan SignInWindow = TimeSpan.FromMinutes(5);

    /// <summary>The policy of links to shared photos: they are opened by people whom FindMe does not know.</summary>
    public const string Shares = "shares";

    // A place is free again when one of the person's streams ends, which nobody can foretell.
    private static readonly TimeSpan StreamWait = TimeSpan.FromSeconds(10);

    // A place is free again when a file has come in, which takes seconds.
    private static readonly TimeSpan FileWait = TimeSpan.FromSeconds(5);

    /// <summary>Takes a file: of any size as far as Kestrel is concerned, since the endpoint counts for itself, but few of them at once and within a time.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="timeout">The time in which the whole body must come.</param>
    public static RouteHandlerBuilder TakesFile(this RouteHandlerBuilder endpoint, Func<ServerLimitOptions, TimeSpan> timeout) =>
        endpoint.WithMetadata(new DisableRequestSizeLimitAttribute(), new FileTaken(timeout));

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
        // The person first: what is refused there spends nothing of what others at the same address have.
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
            var isFile = !isRate && FileTaken.By(rejected.HttpContext) is not null;
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

    // A whole minute's at once, then one after another: who has spent it waits for seconds, not for the minute.
    private static TokenBucketRateLimiterOptions PerMinute(int rate) =>
        new() { TokenLimit = rate, TokensPerPeriod = Math.Max(1, rate / 60), ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60 / rate)) };

    // The way back from a network is a navigation, by GET, and yet decrypts and sets cookies.
    private static bool ChangesSomething(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/sign-in")
        || (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) && !HttpMethods.IsOptions(context.Request.Method));
}

/// <summary>The endpoint takes a file.</summary>
/// <param name="Timeout">The time in which the whole body must come.</param>
internal sealed record FileTaken(Func<ServerLimitOptions, TimeSpan> Timeout)
{
    /// <summary>The file that a request's endpoint takes; null: it takes none.</summary>
    public static FileTaken? By(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<FileTaken>();
}

/// <summary>What a limit counts by.</summary>
internal enum LimitKind
{
    /// <summary>By nothing: the request is not limited.</summary>
    Unlimited,

    /// <summary>By person.</summary>
    Person,

    /// <summary>By address.</summary>
    Address,

    /// <summary>All together.</summary>
    Together,
}

/// <summary>Whom a limit counts. Requests that are not limited have a kind of their own, so that no person and no address shares their key.</summary>
/// <param name="Kind">What is counted by.</param>
/// <param name="Id">Who, among those of the kind; null: there is one only.</param>
internal readonly record struct LimitKey(LimitKind Kind, string? Id = null)
{
    /// <summary>Whether there is somebody to count.</summary>
    public bool IsCounted => Kind != LimitKind.Unlimited;

    /// <summary>The person whose cookie the request has; unlimited without one.</summary>
    public static LimitKey OfPerson(HttpContext context) =>
        context.User.FindFirstValue(CurrentUsers.Claim) is { } person ? new(LimitKind.Person, person) : default;

    /// <summary>The address that the request comes from. All that come without one count together.</summary>
    public static LimitKey OfAddress(HttpContext context) => new(LimitKind.Address, ClientAddress.Of(context));
}

/// <summary>The places for files that come in: of one person, of one address, and together.</summary>
internal sealed class FileLimits(IOptions<RequestRateOptions> rates)
{
    /// <summary>The places of one person.</summary>
    public PartitionedRateLimiter<HttpContext> PerPerson { get; } = AtOnce(LimitKey.OfPerson, rates.Value.FilesPerPerson);

    /// <summary>The places of one address.</summary>
    public PartitionedRateLimiter<HttpContext> PerAddress { get; } = AtOnce(LimitKey.OfAddress, rates.Value.FilesPerAddress);

    /// <summary>All places.</summary>
    public PartitionedRateLimiter<HttpContext> Together { get; } = AtOnce(_ => new LimitKey(LimitKind.Together), rates.Value.Files);

    /// <summary>Whether somebody waits for a place that this request has.</summary>
    public bool IsWaitedFor(HttpContext context) =>
        PerAddress.GetStatistics(context) is { CurrentQueuedCount: > 0 } || Together.GetStatistics(context) is { CurrentQueuedCount: > 0 };

    private static PartitionedRateLimiter<HttpContext> AtOnce(Func<HttpContext, LimitKey> whose, int most) =>
        PartitionedRateLimiter.Create<HttpContext, LimitKey>(context => FileTaken.By(context) is not null && whose(context) is { IsCounted: true } key
            ? RateLimitPartition.GetConcurrencyLimiter(key, _ => new ConcurrencyLimiterOptions { PermitLimit = most, QueueLimit = most })
            : RateLimitPartition.GetNoLimiter(default(LimitKey)));
}
