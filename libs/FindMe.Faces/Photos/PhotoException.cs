namespace FindMe.Faces;

/// <summary>Why a photo cannot be read.</summary>
public enum PhotoProblem
{
    /// <summary>The bytes are no picture: an error page, a text, nothing at all.</summary>
    NotAnImage,

    /// <summary>A picture in a format that is not read here, such as BMP, SVG or PDF.</summary>
    UnsupportedFormat,

    /// <summary>An iPhone's HEIC: a format on its own, since its owner can do something about it.</summary>
    Heic,

    /// <summary>More pixels than <see cref="FaceEngineOptions.MaxPhotoPixels"/>, or too many to decode in bounded memory.</summary>
    TooManyPixels,

    /// <summary>More bytes than <see cref="FaceEngineOptions.MaxPhotoBytes"/>.</summary>
    TooLarge,

    /// <summary>A picture that is cut off or broken.</summary>
    Damaged,
}

/// <summary>A photo cannot be read; the message is one sentence for the person who sent it.</summary>
public sealed class PhotoException : Exception
{
    /// <summary>Says what is wrong.</summary>
    /// <param name="problem">The kind, for programs.</param>
    /// <param name="message">One sentence, for people.</param>
    public PhotoException(PhotoProblem problem, string message)
        : base(message) => Problem = problem;

    /// <summary>The kind of problem.</summary>
    public PhotoProblem Problem { get; }
}
