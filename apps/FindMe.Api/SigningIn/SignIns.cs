using FindMe.Fetching;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>GET /sign-in/{network} → the network's own page → GET /sign-in/{network}/callback → the page, signed in.</summary>
/// <remarks>
/// The way back always leads to the page's own start: no address in a request says where. What went wrong stands there as
/// <c>?sign-in=SLUG</c>: <c>refused</c>, <c>mismatch</c>, <c>failed</c>, <c>no-answer</c>, <c>unknown-instance</c>, <c>other-person</c>; or <c>done</c>.
/// </remarks>
internal static class SignIns
{
    // Networks' codes and errors are far shorter.
    private const int MaxCodeLength = 2048;

    public static void AddSignIns(this IServiceCollection services)
    {
        services.AddOptions<SignInOptions>().BindConfiguration(SignInOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SignInOptions>, SignInOptionsValidator>();
        services.AddAccounts();
        services.AddSingleton<SignInAttempts>();
        services.AddSingleton<OwnAddresses>();
        services.AddSingleton<AccountOwners>();
        services.AddSingleton<XSignIn>();
        services.AddSingleton<MastodonSignIn>();
        services.AddSingleton<BlueskySignIn>();
        services.AddSingleton<Avatars>();
    }

    public static void MapSignIns(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/sign-in/{network}", StartAsync).RequireCaller(otherwise: Back("consent")).WithSummary("Sign in with x, or with mastodon on an ?instance=.");
        // One address back for each instance: an answer that another one gave arrives at the wrong place (RFC 9700, 4.4.2.2).
        routes.MapGet("/sign-in/{network}/callback/{server?}", FinishAsync).RequireCaller(otherwise: Back("mismatch")).ExcludeFromDescription();
    }

    private static async Task<Results<RedirectHttpResult, ProblemHttpResult>> StartAsync(
        string network,
        string? instance,
        HttpContext context,
        Caller caller,
        SignInAttempts attempts,
        XSignIn x,
        MastodonSignIn mastodon,
        OwnAddresses own,
        ILogger<SignInAttempts> logger,
        CancellationToken cancellationToken)
    {
        var home = own.Of(context.Request);
        try
        {
            if (network == SourceNames.X && x.IsOffered)
            {
                return TypedResults.Redirect(x.AuthorizeAt(attempts.Begin(context, network, x.Server, caller.Id, new Uri(home, "/sign-in/x/callback").AbsoluteUri)));
            }

            if (network == SourceNames.Mastodon && mastodon.IsOffered)
            {
                if (mastodon.ServerOf(instance) is not { } server)
                {
                    return Back("unknown-instance");
                }

                var redirect = MastodonSignIn.RedirectAt(home, server);
                return TypedResults.Redirect(await mastodon.AuthorizeAtAsync(attempts.Begin(context, network, server, caller.Id, redirect), cancellationToken));
            }
        }
        catch (Exception exception) when (exception is SignInException or FetchException)
        {
            SignInLog.Failed(logger, network, exception.Message);
            return Back(exception is FetchException { Problem: FetchProblem.ForbiddenAddress or FetchProblem.BadAddress } ? "unknown-instance" : "no-answer");
        }

        return Problems.NotFound;
    }

    private static async Task<RedirectHttpResult> FinishAsync(
        string network,
        string? server,
        HttpContext context,
        Caller caller,
        SignInAttempts attempts,
        XSignIn x,
        MastodonSignIn mastodon,
        AccountOwners owners,
        ILogger<SignInAttempts> logger,
        CancellationToken cancellationToken)
    {
        var query = context.Request.Query;
        var attempt = attempts.End(context);
        if (attempt is null
            || attempt.Network != network
            || attempt.Person != caller.Id
            || attempt.State != query["state"]
            || (network == SourceNames.Mastodon && attempt.Server.Authority != server)
            || (query["iss"].ToString() is { Length: > 0 } issuer && !IsSame(issuer, attempt.Server)))
        {
            SignInLog.Mismatch(logger, network);
            return Back("mismatch");
        }

        var code = query["code"].ToString();
        if (code.Length is 0 or > MaxCodeLength)
        {
            return Back(query["error"] == "access_denied" ? "refused" : "failed");
        }

        try
        {
            var signedIn = network == SourceNames.X
                ? await x.FinishAsync(attempt, code, cancellationToken)
                : await mastodon.FinishAsync(attempt, code, cancellationToken);
            return Back(await owners.LinkAsync(context, caller, signedIn, cancellationToken) switch
            {
                Linked.Done => "done",
                Linked.OtherPerson => "other-person",
                _ => "consent",
            });
        }
        catch (Exception exception) when (exception is SignInException or FetchException)
        {
            SignInLog.Failed(logger, network, exception.Message);
            return Back(exception is FetchException ? "no-answer" : "failed");
        }
    }

    // RFC 9207: a server that names itself in its answer must be the one that was asked.
    private static bool IsSame(string issuer, Uri server) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var address) && address.Authority == server.Authority && address.Scheme == server.Scheme;

    private static RedirectHttpResult Back(string slug) => TypedResults.Redirect($"/?sign-in={slug}");
}
