namespace FindMe.Faces;

/// <summary>A model file is missing, damaged, or not the expected model. The message names the file and says what to do.</summary>
public sealed class ModelException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence: which file, what is wrong, and what to do.</param>
    /// <param name="innerException">The error of ONNX Runtime or of the JSON parser, if any.</param>
    public ModelException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
