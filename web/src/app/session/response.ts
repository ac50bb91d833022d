import { parseRefusal } from '../wire/parse';

/** A request that failed. `code` is the server's, or `offline`; `status` is 0 where there was no answer. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The JSON of a request's answer; throws ApiError with a sentence for everything else. */
export async function readResponse(request: () => Promise<Response>): Promise<unknown> {
  let response: Response;
  let body: unknown;
  try {
    response = await request();
  } catch {
    throw new ApiError(
      'offline',
      $localize`The server does not answer. Is it still running, and are you online?`,
      0,
    );
  }
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  if (response.ok && body !== null) return body;
  throw refused(body, response);
}

function refused(body: unknown, response: Response): ApiError {
  try {
    const { code, message } = parseRefusal(body);
    return new ApiError(code, message, response.status);
  } catch {
    return new ApiError(
      'unreadable',
      $localize`The server answered with ${response.status}, which this page does not understand.`,
      response.status,
    );
  }
}
