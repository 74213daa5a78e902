using System.Text.Encodings.Web;
using Microsoft.AspNetCore.WebUtilities;

namespace FindMe.DemoNetworks.Authentication;

/// <summary>The networks' OAuth consent page: choose an account, then allow or refuse the app.</summary>
internal static class ConsentPage
{
    /// <summary>GET: returns the page, whose form posts to the same address.</summary>
    public static IResult Show(string network, string app, string scope, IEnumerable<ScenarioAccount> accounts)
    {
        var choices = string.Concat(accounts.Select((account, index) =>
            $"<p><label><input type=\"radio\" name=\"account\" value=\"{Encode(account.Name)}\"{(index == 0 ? " checked" : "")}> @{Encode(account.Name)}</label></p>"));
        return Results.Content(
            $"""
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{Encode(network)} (bench)</title>
            <body style="font-family: sans-serif; max-width: 30rem; margin: 2rem auto">
            <h1>{Encode(network)}</h1>
            <p>This is not {Encode(network)} but its imitation on this machine.</p>
            <p><strong>{Encode(app)}</strong> wants to sign you in, and may then: {Encode(scope)}</p>
            <form method="post">{choices}
            <button name="decision" value="allow">Allow</button> <button name="decision" value="refuse">Refuse</button>
            </form></body></html>
            """,
            "text/html");
    }

    /// <summary>POST: redirects to the app with a code or <c>access_denied</c>.</summary>
    public static async Task<IResult> AnswerAsync(HttpContext context, Grants grants, IReadOnlyDictionary<string, string?>? more = null)
    {
        var query = context.Request.Query;
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var answer = new Dictionary<string, string?>(more ?? new Dictionary<string, string?>());
        if (query["state"].ToString() is { Length: > 0 } state)
        {
            answer["state"] = state;
        }

        var redirect = query["redirect_uri"].ToString();
        if (form["decision"] == "allow")
        {
            answer["code"] = grants.NewCode(form["account"].ToString(), query["client_id"].ToString(), redirect, query["code_challenge"].ToString(), query["scope"].ToString());
        }
        else
        {
            answer["error"] = "access_denied";
        }

        return Results.Redirect(QueryHelpers.AddQueryString(redirect, answer));
    }

    /// <summary>Returns the error of an invalid authorization request; null when it is valid.</summary>
    public static string? ProblemOf(IQueryCollection query) =>
        query["response_type"] != "code" ? "unsupported_response_type"
        : query["code_challenge_method"] != "S256" || query["code_challenge"].ToString().Length != 43 ? "invalid_request: PKCE with S256 is required"
        : query["state"].ToString().Length > 500 ? "invalid_request: state is longer than 500"
        : null;

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
