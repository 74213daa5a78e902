using System.ComponentModel.DataAnnotations;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>What a demo offers to try. Section <c>Demo</c> of the configuration; nothing is offered by default.</summary>
public sealed class DemoOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Demo";

    /// <summary>The photo that shows the sample face, a path. Default null: no sample face is offered.</summary>
    public string? SamplePhoto { get; set; }

    /// <summary>Which of that photo's faces, counted from 0, left to right; 0 to 100. Default 0.</summary>
    [Range(0, 100)]
    public int SampleFace { get; set; }

    /// <summary>The album of demo photos, by name. Default null: there is none.</summary>
    public string? Album { get; set; }

    /// <summary>A hashtag of the demo networks that shows the sample face. Default null: the networks are real ones, where the sample face may not be searched.</summary>
    public string? Hashtag { get; set; }
}

[OptionsValidator]
internal sealed partial class DemoOptionsValidator : IValidateOptions<DemoOptions>;

/// <summary>What the page offers to try with the sample face.</summary>
/// <param name="Album">The album of demo photos; null: there is none.</param>
/// <param name="Hashtag">A hashtag of the demo networks; null: there are none.</param>
/// <param name="Mastodon">The demo's Mastodon instances, to sign in to; empty where the networks are real ones.</param>
internal sealed record DemoView(string? Album, string? Hashtag, IReadOnlyList<string> Mastodon);

/// <summary>
/// A face to try FindMe with: a reference that is marked as a sample, can be searched for in demo sources only, and is deleted with its
/// searches when the visitor adds a selfie. So it never meets the rule that all of a person's references show one person.
/// </summary>
internal sealed class SampleFace(ReferenceUpload upload, FaceReader faces, IOptions<DemoOptions> options, IOptions<MastodonOptions> mastodon)
{
    /// <summary>What the demo offers; null: no sample face.</summary>
    public DemoView? Offer => options.Value.SamplePhoto is null ? null : new(options.Value.Album, options.Value.Hashtag, Instances());

    private string[] Instances() => options.Value.Hashtag is null
        ? []
        : [.. mastodon.Value.Instances.Select(instance => MastodonOptions.AddressOf(instance)?.Authority).OfType<string>()];

    /// <summary>Whether the sample face may be searched for there.</summary>
    public bool MaySearch(string? source, string? query) => source == SourceNames.Album
        ? query == options.Value.Album && query is not null
        : source != SourceNames.Zip && options.Value.Hashtag is not null;

    /// <summary>Adds the sample face. Adding it again returns the one that is there.</summary>
    public async Task<Results<Created<ReferenceResponse>, ProblemHttpResult>> AddAsync(CurrentUser user, CancellationToken cancellationToken)
    {
        if (options.Value.SamplePhoto is not { } photo)
        {
            return Problems.NotFound;
        }

        if (user.Person.References.Any(reference => !reference.IsSample))
        {
            return HasSelfies;
        }

        return user.Person.References.FirstOrDefault(reference => reference.Recipe == faces.Recipe) is { } sample
            ? TypedResults.Created($"/api/references/{sample.Id}", ReferenceResponse.Of(sample, isUsed: true))
            : await upload.TakeAsync(user, await File.ReadAllBytesAsync(photo, cancellationToken), options.Value.SampleFace, ReferenceOrigin.Sample, replace: false, cancellationToken);
    }

    /// <summary>The answer where a search for the sample face would leave the demo.</summary>
    public static ProblemHttpResult DemoOnly { get; } = Problems.Of(
        422, "sample-face", "The sample face can be searched for in the demo photos only.", "Add a selfie to search here for yourself.");

    /// <summary>The answer to somebody who has selfies.</summary>
    public static ProblemHttpResult HasSelfies { get; } = Problems.Of(
        409, "has-selfies", "The sample face is for visitors without selfies.", "Search with your selfies, or delete them first.");
}
