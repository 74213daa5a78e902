using System.Text.Json.Nodes;

namespace FindMe.Testing;

/// <summary>Checks answers in the terms of RFC 9457.</summary>
internal static class ProblemAssert
{
    /// <summary>The answer is this problem, with words for a person.</summary>
    public static async Task<JsonNode> IsAsync(HttpResponseMessage answer, int status, string type)
    {
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} {body}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(body)!;
        Assert.Equal(type, problem["type"]!.GetValue<string>());
        Assert.NotEmpty(problem["title"]!.GetValue<string>());
        Assert.NotEmpty(problem["detail"]!.GetValue<string>());
        return problem;
    }
}
