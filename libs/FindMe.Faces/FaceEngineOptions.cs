using System.ComponentModel.DataAnnotations;

namespace FindMe.Faces;

/// <summary>Folder of the models, limits on photos, and match thresholds. Configuration section <c>Faces</c>.</summary>
public sealed class FaceEngineOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Faces";

    /// <summary>
    /// Folder of the ONNX files; a relative path starts at the working directory. Default empty: the folder <c>models</c> beside the app
    /// or, in a build of the repository, <c>artifacts/models</c>.
    /// </summary>
    public string ModelsPath { get; set; } = "";

    /// <summary>Default of <see cref="Recipe"/>.</summary>
    public const string DefaultRecipe = "default";

    /// <summary>
    /// Name of the recognition recipe, a JSON file beside the models. Default <c>default</c>; <c>dlib</c> uses the model of face-api.js.
    /// After a change, existing references no longer match: they belong to the old recipe. models/README.md explains how to add a model.
    /// </summary>
    [RegularExpression("[A-Za-z0-9_-]{1,64}")]
    public string Recipe { get; set; } = DefaultRecipe;

    /// <summary>Maximum size of a photo file, in bytes: 1 KB to 500 MB. Default 50 MB; larger files are rejected as <see cref="PhotoProblem.TooLarge"/>.</summary>
    /// <remarks>A 50-megapixel JPEG of the highest quality takes about 30 MB.</remarks>
    [Range(1_000, 500_000_000)]
    public int MaxPhotoBytes { get; set; } = 50_000_000;

    /// <summary>
    /// Maximum pixels of a photo (width × height): 10,000 to 500 million. Default 100 million; larger photos are rejected as
    /// <see cref="PhotoProblem.TooManyPixels"/> before decoding.
    /// </summary>
    /// <remarks>Phones have up to 200 megapixels but share 12 or 50. Formats that decode as a whole are also limited by memory: AVIF to about 25 megapixels, WebP to 50.</remarks>
    [Range(10_000, 500_000_000)]
    public int MaxPhotoPixels { get; set; } = 100_000_000;

    /// <summary>Largest distance of a <see cref="MatchKind.Match"/>, 0 to 2. Default null: the recipe's, 1.075 in <c>default</c>.</summary>
    /// <remarks>docs/accuracy.md describes the measurements behind it.</remarks>
    [Range(0.0, 2.0)]
    public float? MatchDistance { get; set; }

    /// <summary>
    /// Largest distance of a <see cref="MatchKind.Maybe"/>, 0 to 2. Default null: the recipe's, 1.12 in <c>default</c>. Set it to
    /// <see cref="MatchDistance"/> or less to turn maybes off.
    /// </summary>
    [Range(0.0, 2.0)]
    public float? MaybeDistance { get; set; }

    /// <summary>
    /// Minimum height of the face in a reference photo, in pixels of the full-size photo: 16 to 1,000. Default 48; smaller faces are
    /// rejected as <see cref="ReferenceProblem.FaceTooSmall"/>.
    /// </summary>
    /// <remarks>The model's input is 112 × 112 pixels; faces of less than half that size lack the detail it needs.</remarks>
    [Range(16, 1_000)]
    public int MinReferenceFacePixels { get; set; } = 48;

    /// <summary>Photos that <see cref="FaceEngine.EnterAsync"/> admits at the same time, 0 to 64. Default 0: one per processor. More only use more memory.</summary>
    [Range(0, 64)]
    public int PhotosAtOnce { get; set; }
}
